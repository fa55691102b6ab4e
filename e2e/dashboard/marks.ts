import type { Mark } from './state.ts';

/** Enough for a long afternoon of kills; what is older goes. */
const MOST = 300;
const LONGEST_TEXT = 300;

/** What happened, newest last, bounded. */
export class Marks {
  #marks: Mark[] = [];
  #nextId = 1;
  readonly #onMark: () => void;

  /** @param onMark called after each new one, so that it is told at once. */
  constructor(onMark: () => void) {
    this.#onMark = onMark;
  }

  add(mark: Omit<Mark, 'id' | 'atMs'>): void {
    this.#marks.push({ ...mark, id: this.#nextId++, atMs: Date.now(), text: mark.text.slice(0, LONGEST_TEXT) });
    if (this.#marks.length > MOST) this.#marks = this.#marks.slice(-MOST);
    this.#onMark();
  }

  /** Those after the one with this id. */
  since(id: number): Mark[] {
    return this.#marks.filter((mark) => mark.id > id);
  }
}
