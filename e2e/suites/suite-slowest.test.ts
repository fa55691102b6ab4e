/**
 * Claim:  the last lines of `npm test` say where its seconds went: the ten slowest files, each with its share of all.
 * Method: the pure functions on made-up times; suite-shards.test.ts sees the same in a real run.
 * Red as: a file left out, shares that do not add up, an order that is not by time. Not claimed: how long a worker took to start.
 */
import { expect, test } from 'vitest';
import { slowestFirst, slowestText } from './runner/slowest.ts';

const twelve = Array.from({ length: 12 }, (_, index) => ({ file: `e2e/suites/${index}.test.ts`, seconds: index + 1 }));

test('all files are kept, the slowest first, with shares of the whole', () => {
  const files = slowestFirst(twelve);
  expect(files).toHaveLength(12);
  expect(files[0]).toEqual({ file: 'e2e/suites/11.test.ts', seconds: 12, share: 0.154 });
  expect(files.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 2);
});

test('ten of them are shown, below what all took', () => {
  const lines = slowestText(slowestFirst(twelve));
  expect(lines).toHaveLength(11);
  expect(lines[0]).toBe("78.0 s of workers' time in 12 files, 96 % of it in the slowest 10:");
  expect(lines[1]).toBe('    12.0 s   15.4 %  e2e/suites/11.test.ts');
  expect(lines.join()).not.toContain('/1.test.ts');
});

test('files of the same time stand in the order of their names', () => {
  const same = ['b', 'a'].map((file) => ({ file, seconds: 1 }));
  expect(slowestFirst(same).map(({ file }) => file)).toEqual(['a', 'b']);
});

test('where nothing ran or nothing took time, nothing is divided by zero', () => {
  expect(slowestText(slowestFirst([]))).toEqual([]);
  expect(slowestText(slowestFirst([{ file: 'a', seconds: 0 }]))[1]).toBe('     0.0 s    0.0 %  a');
});
