/**
 * Claim:  after a power cut NORMAL keeps a prefix of the commits and an intact file; it does not keep what FULL promises.
 * Method: NanoClaw traced under load and killed; the power cut at moments drawn from a seed; SQLite opens what is left.
 * Red as: corrupt or not a prefix. Not claimed: disks that lie about a sync.
 */
import { describe, expect, test } from 'vitest';
import { runCell } from '../durability/cell.ts';
import { keeps } from '../durability/judge.ts';
import { judged } from '../durability/matrix.ts';
import { serviceNamed } from './claims.ts';

describe('power cuts of a service that really ran', () => {
  const cell = (synchronous: 'OFF' | 'NORMAL' | 'FULL') =>
    runCell({
      service: serviceNamed('nanoclaw'),
      setting: { journal: 'WAL', synchronous },
      seed: 1,
      signal: new AbortController().signal,
    });

  test('NORMAL keeps its promise and fails the one of FULL', async () => {
    const seen = judged(await cell('NORMAL'));
    expect([seen.why, seen.verdict]).toEqual([null, 'pass']);
    expect(keeps(seen.powerCut, 'nothing')).toBe(false);
    expect(keeps(seen.kill, 'nothing')).toBe(true);
  });

  test('FULL keeps its own', async () => {
    const seen = judged(await cell('FULL'));
    expect([seen.why, seen.verdict]).toEqual([null, 'pass']);
  });

  test('OFF keeps neither of the two', async () => {
    expect(keeps((await cell('OFF')).powerCut, 'the newest')).toBe(false);
  });
});
