/** Goal: what a kill matrix says of the time to detect. Method: results as a matrix has them, with times whose middle is known. */
import { expect, test } from 'vitest';
import { detectionOf, type MutantResult } from '../report/mutant-matrix.ts';

function result(check: string | null, seconds: number): MutantResult {
  return {
    name: `m-${seconds}`,
    service: 'nanoclaw',
    rule: 'drop-wal',
    breaks: 'no WAL',
    status: check === null ? 'survived' : 'killed',
    check,
    finding: null,
    message: null,
    expected: 'wal-mode',
    checks: {},
    stage: 'looking',
    seconds,
  };
}

test('by check, the one that notices most first; what survived has no time', () => {
  const results = [
    result('writes', 9),
    result('wal-mode', 3),
    result(null, 99),
    result('wal-mode', 1),
    result('wal-mode', 2),
  ];
  expect(detectionOf(results)).toEqual([
    { check: 'wal-mode', killed: 3, fastestSeconds: 1, medianSeconds: 2, slowestSeconds: 3 },
    { check: 'writes', killed: 1, fastestSeconds: 9, medianSeconds: 9, slowestSeconds: 9 },
  ]);
  expect(detectionOf([])).toEqual([]);
});
