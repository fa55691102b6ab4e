import { randomInt } from 'node:crypto';
import { WalproofError } from '../model/errors.ts';

/** What a seed may be at most, here and at `verify --seed`. */
export const LARGEST_SEED = 0x7fffffff;

/**
 * The seeds of so many runs: random ones, or `first` and those that follow it. Machines that divide a campaign among
 * themselves take neighbouring stretches, so that no seed is tried twice and each can be tried again.
 */
export function soakSeeds(runs: number, first: number | undefined, random = randomSeed): number[] {
  if (first === undefined) return Array.from({ length: runs }, random);
  if (first + runs - 1 <= LARGEST_SEED) return Array.from({ length: runs }, (_, index) => first + index);
  throw new WalproofError(
    'USAGE',
    `expected --seed and the ${runs} runs from it to end at ${LARGEST_SEED}, they end at ${first + runs - 1}`,
    `begin at ${LARGEST_SEED - runs + 1} or below`,
  );
}

function randomSeed(): number {
  return randomInt(1, LARGEST_SEED);
}
