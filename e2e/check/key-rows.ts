import { Digest } from './digest.ts';

/** As many as fit side by side in the cache while they are written to. Of 10 million keys each part has 40 000. */
export const PARTS = 256;
/** A small history takes little memory, and a great one leaves little of it unused. */
const FIRST_CHUNK_ROWS = 32;
const GREATEST_CHUNK_ROWS = 2_048;
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

  constructor(ownNumbers: number) {
    this.width = HEAD_NUMBERS + ownNumbers;
    for (let n = 0; n < PARTS; n++) this.#parts.push(new Part(this.width));
  }

  /** `place` orders rows of all parts, `tag` is the caller's; both have 32 bits. */
  add(key: string, place: number, tag: number, a = 0, b = 0, c = 0, d = 0): void {
    this.#digest.take(key);
    const { high, low } = this.#digest;
    const part = this.#parts[high >>> 24] as Part;
    if (part.next === part.numbers.length) part.grow();
    const { width } = this;
    const { numbers, words, next } = part;
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
    return this.#parts.reduce((most, part) => Math.max(most, part.rows), 0);
  }

  /** Copies the rows of a part in their order; returns how many there are. */
  read(part: number, into: Float64Array): number {
    return (this.#parts[part] as Part).read(into);
  }
}

const NO_NUMBERS = new Float64Array(0);
const NO_WORDS = new Uint32Array(0);

class Part {
  /** The last of the chunks, as numbers and as words, and where its next row begins. */
  numbers = NO_NUMBERS;
  words = NO_WORDS;
  next = 0;
  readonly #width: number;
  readonly #full: Float64Array[] = [];
  #rowsInFull = 0;

  constructor(width: number) {
    this.#width = width;
  }

  get rows(): number {
    return this.#rowsInFull + this.next / this.#width;
  }

  grow(): void {
    const rows = this.next / this.#width;
    if (rows > 0) this.#full.push(this.numbers);
    this.#rowsInFull += rows;
    const more = Math.min(GREATEST_CHUNK_ROWS, Math.max(FIRST_CHUNK_ROWS, 2 * rows));
    this.numbers = new Float64Array(more * this.#width);
    this.words = new Uint32Array(this.numbers.buffer);
    this.next = 0;
  }

  read(into: Float64Array): number {
    let at = 0;
    for (const chunk of this.#full) {
      into.set(chunk, at);
      at += chunk.length;
    }
    into.set(this.numbers.subarray(0, this.next), at);
    return this.rows;
  }
}
