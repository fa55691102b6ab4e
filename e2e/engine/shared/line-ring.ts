/** How many lines of each process are kept for error messages; the run's bundle has them all. */
export const KEPT_LINES = 200;
/** How many lines an error shows. */
export const SHOWN_LINES = 20;

/** The last lines of one process, and how many there were in all. */
export class LineRing {
  #lines: string[] = [];
  #total = 0;
  #next = Promise.withResolvers<void>();

  push(line: string): void {
    this.#total += 1;
    this.#next.resolve();
    this.#next = Promise.withResolvers();
    this.#lines.push(line);
    // Cut in blocks, so that a busy log does not move the whole array for each line.
    if (this.#lines.length >= 2 * KEPT_LINES) this.#lines = this.#lines.slice(-KEPT_LINES);
  }

  /** Resolves when the next line has been written. */
  get next(): Promise<void> {
    return this.#next.promise;
  }

  /** A mark for `last`: lines written from now on come after it. */
  get total(): number {
    return this.#total;
  }

  /** At most `count` lines, oldest first; only those after the mark when one is given. */
  last(count: number = KEPT_LINES, mark = 0): string[] {
    const wanted = Math.min(count, KEPT_LINES, this.#total - mark);
    return wanted <= 0 ? [] : this.#lines.slice(-wanted);
  }
}
