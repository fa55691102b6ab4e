import type { Op } from '../model/op.ts';
import { ensure } from './finding.ts';

/** Ops of a key that an example shows: those that ended last. */
const SHOWN = 3;

/** What was sent under a few keys, found again in a second pass: nobody held the ops, since only faults need them. */
export class SentOps {
  readonly #places = new Set<number>();
  readonly #sent = new Map<string, Map<string, Op[]>>();
  readonly #keyAt = new Map<number, string>();

  /** The key of the op at a place in the sequence. It must be the first of the key under its name. */
  wantPlace(place: number): void {
    this.#places.add(place);
  }

  wantKey(name: string, key: string): void {
    ensure(this.#keysOf(name), key, () => []);
  }

  find(ops: Iterable<Op>): void {
    let place = -1;
    for (const op of ops) {
      place++;
      if (op.key === undefined || op.kind === 'read') continue;
      if (this.#places.has(place)) {
        this.#keyAt.set(place, op.key);
        this.wantKey(op.name, op.key);
      }
      const sent = this.#sent.get(op.name)?.get(op.key);
      if (sent === undefined) continue;
      sent.push(op);
      if (sent.length > SHOWN) sent.shift();
    }
  }

  keyAt(place: number): string {
    const key = this.#keyAt.get(place);
    if (key === undefined) throw new RangeError(`expected ops that are the same in each pass, seen no key at ${place}`);
    return key;
  }

  of(name: string, key: string): readonly Op[] {
    return this.#sent.get(name)?.get(key) ?? [];
  }

  #keysOf(name: string): Map<string, Op[]> {
    return ensure(this.#sent, name, () => new Map<string, Op[]>());
  }
}
