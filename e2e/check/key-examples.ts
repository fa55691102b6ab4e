import type { Evidence } from '../model/evidence.ts';
import type { FinalRead } from '../model/observation.ts';
import type { Op } from '../model/op.ts';
import { ensure, shorten } from './finding.ts';
import type { FoundKey } from './key-history.ts';
import type { PlacedExamples } from './placed-examples.ts';
import { SentOps } from './sent-ops.ts';

export interface KeyExample {
  key: string;
  /** The ops of the key that ended last, at most three. */
  sent: readonly Op[];
  found: FoundKey | null;
}

/** What one name has against one guarantee. */
export interface Fault {
  name: string;
  read: FinalRead;
  /** Of first ops; what was never sent has its place in the final read, after all ops. */
  examples: PlacedExamples;
}

/** Places of ops have 32 bits. */
const UNSENT = 2 ** 32;

export function placeOfUnsent(placeInRead: number): number {
  return UNSENT + placeInRead;
}

/** The records that prove each fault, from a second pass over ops and final reads; without a fault there is none. */
export function keyExamples<F extends Fault>(evidence: Evidence, faults: readonly F[]): Map<F, KeyExample[]> {
  const shown = new Map<F, KeyExample[]>();
  if (faults.length === 0) return shown;
  const sent = new SentOps();
  for (const { examples } of faults) for (const place of examples.places()) if (place < UNSENT) sent.wantPlace(place);
  sent.find(evidence.ops);
  const reads = new Map<FinalRead, Found>();
  for (const { read, examples } of faults) {
    const found = ensure(reads, read, () => new Found());
    for (const place of examples.places())
      if (place < UNSENT) found.wantKey(sent.keyAt(place));
      else found.wantPlace(place - UNSENT);
  }
  for (const [read, found] of reads) found.find(read);
  for (const fault of faults) {
    const found = reads.get(fault.read) as Found;
    const exampleAt = (place: number): KeyExample => {
      const key = place < UNSENT ? sent.keyAt(place) : found.keyAt(place - UNSENT);
      return { key, sent: sent.of(fault.name, key), found: found.of(key) };
    };
    shown.set(fault, fault.examples.places().map(exampleAt));
  }
  return shown;
}

/** A few items of a final read, found again. */
class Found {
  readonly #places = new Set<number>();
  readonly #keyAt = new Map<number, string>();
  readonly #wanted = new Set<string>();
  readonly #found = new Map<string, FoundKey>();

  wantPlace(place: number): void {
    this.#places.add(place);
  }

  wantKey(key: string): void {
    this.#wanted.add(key);
  }

  find({ items }: FinalRead): void {
    let place = -1;
    for (const { key, value, count } of items) {
      place++;
      if (this.#places.has(place)) {
        this.#keyAt.set(place, key);
        this.#wanted.add(key);
      }
      if (!this.#wanted.has(key)) continue;
      const known = this.#found.get(key);
      if (known === undefined) this.#found.set(key, { value: shorten(value), count });
      else known.count += count;
    }
  }

  keyAt(place: number): string {
    const key = this.#keyAt.get(place);
    if (key === undefined)
      throw new RangeError(`expected a final read that is the same each time, seen no item ${place}`);
    return key;
  }

  of(key: string): FoundKey | null {
    return this.#found.get(key) ?? null;
  }
}
