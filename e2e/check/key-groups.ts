import { type KeyRows, PARTS } from './key-rows.ts';

/** Ends a chain of rows. */
export const NO_ROW = -1;

/** The rows of one part, and which of them have the same key, as chains in the order of their places. */
export class Side {
  readonly width: number;
  readonly numbers: Float64Array;
  readonly #words: Uint32Array;
  readonly #rows: KeyRows;
  /** By row: the next one of the same key. */
  readonly next: Int32Array;
  rows = 0;

  constructor(rows: KeyRows) {
    this.#rows = rows;
    this.width = rows.width;
    this.numbers = new Float64Array(rows.greatestRows * rows.width);
    this.#words = new Uint32Array(this.numbers.buffer);
    this.next = new Int32Array(rows.greatestRows);
  }

  load(part: number): void {
    this.rows = this.#rows.read(part, this.numbers);
  }

  /** The n-th of the row's own numbers. */
  number(row: number, n: number): number {
    return this.numbers[row * this.width + 2 + n] as number;
  }

  place(row: number): number {
    return this.#words[2 * row * this.width + 2] as number;
  }

  tag(row: number): number {
    return this.#words[2 * row * this.width + 3] as number;
  }

  high(row: number): number {
    return this.#words[2 * row * this.width] as number;
  }

  low(row: number): number {
    return this.#words[2 * row * this.width + 1] as number;
  }
}

/** Brings the rows of each key together: `visit` is given the first row on either side, or NO_ROW. Linear, in no order. */
export function eachKey(sent: Side, found: Side, visit: (sentRow: number, foundRow: number) => void): void {
  const groups = new Groups(sent.next.length + found.next.length);
  for (let part = 0; part < PARTS; part++) {
    sent.load(part);
    found.load(part);
    groups.reset();
    groups.chain(sent, groups.firstSent);
    groups.chain(found, groups.firstFound);
    for (let n = 0; n < groups.count; n++) visit(groups.firstSent[n] as number, groups.firstFound[n] as number);
  }
}

/** A hash table with open addressing over the digests of one part, small enough to stay in a cache. */
class Groups {
  count = 0;
  readonly firstSent: Int32Array;
  readonly firstFound: Int32Array;
  readonly #high: Uint32Array;
  readonly #low: Uint32Array;
  /** Twice as many as there can be groups, or more: one more than the number of the group, 0 for none. */
  readonly #slots: Int32Array;

  constructor(most: number) {
    this.firstSent = new Int32Array(most);
    this.firstFound = new Int32Array(most);
    this.#high = new Uint32Array(most);
    this.#low = new Uint32Array(most);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * most + 1)));
  }

  reset(): void {
    this.count = 0;
    this.#slots.fill(0);
  }

  /** From the last row to the first, so that each chain begins with the first. */
  chain(side: Side, first: Int32Array): void {
    for (let row = side.rows - 1; row >= 0; row--) {
      const group = this.#groupOf(side.high(row), side.low(row));
      side.next[row] = first[group] as number;
      first[group] = row;
    }
  }

  #groupOf(high: number, low: number): number {
    const mask = this.#slots.length - 1;
    let slot = low & mask;
    for (;;) {
      const group = (this.#slots[slot] as number) - 1;
      if (group === -1) break;
      if (this.#low[group] === low && this.#high[group] === high) return group;
      slot = (slot + 1) & mask;
    }
    const group = this.count++;
    this.#slots[slot] = this.count;
    this.#high[group] = high;
    this.#low[group] = low;
    this.firstSent[group] = NO_ROW;
    this.firstFound[group] = NO_ROW;
    return group;
  }
}
