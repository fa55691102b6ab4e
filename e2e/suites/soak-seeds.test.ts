/**
 * Claim:  `soak --seed S --runs N` tries the seeds S to S+N-1, so that machines with neighbouring stretches try each seed once.
 * Method: the pure function, and the real command with arguments that are refused before anything starts.
 * Red as: a seed twice or left out, a seed beyond the largest. Not claimed: the runs themselves, see claim-soak.long.test.ts.
 */
import { expect, test } from 'vitest';
import { LARGEST_SEED, soakSeeds } from '../commands/soak-seeds.ts';
import { walproof } from './command.ts';

test('three machines with neighbouring stretches try every seed once', () => {
  expect([0, 1, 2].flatMap((machine) => soakSeeds(4, 100 + machine * 4))).toEqual(
    Array.from({ length: 12 }, (_, index) => 100 + index),
  );
});

test('without a first seed they are random', () => {
  let drawn = 0;
  expect(soakSeeds(3, undefined, () => ++drawn * 11)).toEqual([11, 22, 33]);
  for (const seed of soakSeeds(100, undefined)) expect(seed > 0 && seed < LARGEST_SEED).toBe(true);
});

test('the last seed may be the largest, and none beyond it', () => {
  expect(soakSeeds(2, LARGEST_SEED - 1)).toEqual([LARGEST_SEED - 1, LARGEST_SEED]);
  expect(() => soakSeeds(3, LARGEST_SEED - 1)).toThrow(
    `expected --seed and the 3 runs from it to end at ${LARGEST_SEED}, they end at ${LARGEST_SEED + 1}`,
  );
});

test.each([
  {
    args: ['--seed', '2147483640', '--runs', '10'],
    says: /they end at 2147483649 \[USAGE\]\nnext: begin at 2147483638/,
  },
  { args: ['--seed', '-1'], says: /--seed expects a whole number from 0 to 2147483647/ },
  { args: ['--seed', '2147483648'], says: /--seed expects a whole number from 0 to 2147483647/ },
])('the command refuses $args', async ({ args, says }) => {
  const { exitCode, stderr } = await walproof('soak', '--engine', 'process', ...args);
  expect(stderr).toMatch(says);
  expect(exitCode).toBe(64);
});
