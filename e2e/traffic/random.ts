import { unsafeUniformIntDistribution, xoroshiro128plus } from 'pure-rand';

/** A source of chance that is a function of its seed alone: the same seed asks the same things in the same order. */
export interface Random {
  /** A whole number from 0 to `below` - 1. */
  int(below: number): number;
  pick<T>(from: readonly T[]): T;
}

/** One stream per client, so that what a client asks does not depend on how fast the others are. */
export function randomFor(seed: number, stream: number): Random {
  const generator = xoroshiro128plus((seed ^ Math.imul(stream + 1, 0x9e3779b1)) | 0);
  const int = (below: number): number => unsafeUniformIntDistribution(0, below - 1, generator);
  return {
    int,
    pick(from) {
      const picked = from[int(from.length)];
      if (picked === undefined) throw new RangeError('pick needs at least one value to pick from');
      return picked;
    },
  };
}
