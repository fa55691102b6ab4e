import { Digest } from './digest.ts';

/** As many as fit side by side in the cache while they are written to. Of 10 million keys each part has 40 000. */
export const PARTS = 256;
/** A small history takes little memory, and a great one leaves little of it unused. */
const FIRST_CHUNK_ROWS = 32;
const GREATEST_CHUNK_ROWS = 2_048;
/** Memory is asked for in blocks: of chunks there are thousands, and each array costs a microsecond. */
const FIRST_BLOCK_NUMBERS = 2 ** 12;
const GREATEST_BLOCK_NUMBERS = 2 ** 17;
/** Of a row: the digest of its key, then place and tag, then its own numbers. Words are half a number each. */
const HEAD_NUMBERS = 2;

/**
 * Numbers under keys, without the keys. Rows are only ever appended, each to the part that its digest names, so a row costs
 * the same whether there are thousands or millions; keys are brought together afterwards, part by part (key-groups.ts).
 */
export class KeyRows {
  /** Numbers of a row, its head included. */
  readonly width: number;
  readonly #parts: Part[] = [];
  readonly #digest = new Digest();
  #block = NO_BLOCK;
  #taken = 0;

  constructor(ownNumbers: number) {
    this.width = HEAD_NUMBERS + ownNumbers;
    for (let n = 0; n < PARTS; n++) this.#parts.push(new Part());
  }

  /** `place` orders rows of all parts, `tag` is the caller's; both have 32 bits. */
  add(key: string, place: number, tag: number, a = 0, b = 0, c = 0, d = 0): void {
    this.#digest.take(key);
    const { high, low } = this.#digest;
    const part = this.#parts[high >>> 24] as Part;
    if (part.next === part.end) this.#grow(part);
    const { width } = this;
    const { next } = part;
    const { numbers, words } = part.block;
    words[2 * next] = high;
    words[2 * next + 1] = low;
    words[2 * next + 2] = place;
    words[2 * next + 3] = tag;
    if (width > 2) numbers[next + 2] = a;
    if (width > 3) numbers[next + 3] = b;
    if (width > 4) numbers[next + 4] = c;
    if (width > 5) numbers[next + 5] = d;
    part.next = next + width;
  }

  /** Of the part that has most. */
  get greatestRows(): number {
    return this.#parts.reduce((most, part) => Math.max(most, part.numbers), 0) / this.width;
  }

  /** Copies the rows of a part in their order; returns how many there are. */
  read(part: number, into: Float64Array): number {
    return (this.#parts[part] as Part).read(into) / this.width;
  }

  #grow(part: Part): void {
    const rows = Math.max(FIRST_CHUNK_ROWS, (2 * (part.end - part.begin)) / this.width);
    const length = Math.min(GREATEST_CHUNK_ROWS, rows) * this.width;
    if (this.#taken + length > this.#block.numbers.length) {
      const usual = Math.max(FIRST_BLOCK_NUMBERS, 2 * this.#block.numbers.length);
      this.#block = blockOf(Math.max(length, Math.min(GREATEST_BLOCK_NUMBERS, usual)));
      this.#taken = 0;
    }
    part.append(this.#block, this.#taken, length);
    this.#taken += length;
  }
}

/** The same memory as numbers and as words. */
interface Block {
  numbers: Float64Array;
  words: Uint32Array;
}

function blockOf(length: number): Block {
  const numbers = new Float64Array(length);
  return { numbers, words: new Uint32Array(numbers.buffer) };
}

const NO_BLOCK = blockOf(0);

class Part {
  /** The chunk that is being filled: where it lies, and where its next row begins. */
  block = NO_BLOCK;
  begin = 0;
  next = 0;
  end = 0;
  readonly #full: { numbers: Float64Array; begin: number; end: number }[] = [];
  #numbersInFull = 0;

  get numbers(): number {
    return this.#numbersInFull + this.next - this.begin;
  }

  append(block: Block, begin: number, length: number): void {
    if (this.next > this.begin) {
      this.#full.push({ numbers: this.block.numbers, begin: this.begin, end: this.end });
      this.#numbersInFull += this.end - this.begin;
    }
    this.block = block;
    this.begin = begin;
    this.next = begin;
    this.end = begin + length;
  }

  read(into: Float64Array): number {
    let at = 0;
    for (const { numbers, begin, end } of this.#full) {
      into.set(numbers.subarray(begin, end), at);
      at += end - begin;
    }
    into.set(this.block.numbers.subarray(this.begin, this.next), at);
    return this.numbers;
  }
}
