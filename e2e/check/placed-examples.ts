/** The places of the first, the worst and the last of many examples that come in any order; what is there is looked up later. */
export class PlacedExamples {
  count = 0;
  #first = Number.POSITIVE_INFINITY;
  #worst = Number.POSITIVE_INFINITY;
  #worstBadness = Number.NEGATIVE_INFINITY;
  #last = Number.NEGATIVE_INFINITY;

  /** `badness` orders examples; of equal ones the earliest is the worst. */
  add(place: number, badness = 0): void {
    this.count++;
    this.#first = Math.min(this.#first, place);
    this.#last = Math.max(this.#last, place);
    if (badness < this.#worstBadness || (badness === this.#worstBadness && place > this.#worst)) return;
    this.#worst = place;
    this.#worstBadness = badness;
  }

  get first(): number {
    return this.#first;
  }

  /** At most three, in this order, each once. */
  places(): number[] {
    return this.count === 0 ? [] : [...new Set([this.#first, this.#worst, this.#last])];
  }
}
