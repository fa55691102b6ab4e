import { describe, expect, it } from 'vitest';
import { walBounded } from '../check/wal-bounded.ts';
import type { WalIndex } from '../model/observation.ts';
import { check, codesOf, goodRun, type History } from './evidence-builder.ts';

/** Samples twice a second from 2 s on, one for each index. */
function samples(run: History, indexes: readonly Partial<WalIndex>[]): History {
  for (const [n, index] of indexes.entries()) run.at(2_000 + 500 * n).sampled(index);
  return run;
}

/** So many samples in a row, frames growing by one each. */
const rising = (count: number, from: Partial<WalIndex> = {}) =>
  Array.from({ length: count }, (_, n) => ({ checkpointed: 0, ...from, frames: (from.frames ?? 1_500) + n }));

const judged = (told: History) => check(walBounded, told);

describe('the size of the WAL', () => {
  it('passes with figures', () => {
    const result = judged(samples(goodRun(), [{ frames: 4_000, checkpointed: 3_900 }]));
    expect(result).toMatchObject({ verdict: 'pass', figures: { samples: 4, maxLiveWalBytes: 4_000 * 4_120 } });
  });

  it('fails above four times what starts a checkpoint', () => {
    expect(codesOf(judged(samples(goodRun(), [{ frames: 4_001, checkpointed: 4_000 }])))).toEqual(['wal-unbounded']);
  });

  it('bears growth while a fault holds checkpoints up, and until what it left is worked off', () => {
    const told = (atMs: number) =>
      goodRun().fault('pause', 'agent', 2_000, 3_000).at(atMs).sampled({ frames: 9_000, checkpointed: 0 });
    expect(judged(told(2_500)).verdict).toBe('pass');
    expect(judged(told(7_900)).verdict).toBe('pass');
    expect(codesOf(judged(told(8_100)))).toEqual(['wal-unbounded']);
  });

  it('bears growth until a fault that is in a checkpoint itself kills, and until what it left is worked off', () => {
    const told = (atMs: number) => {
      const run = goodRun().at(6_000).stopped('host').started('host').fault('kill-mid-checkpoint', 'all', 2_000, 7_000);
      return run.at(atMs).sampled({ frames: 9_000, checkpointed: 0 });
    };
    expect(judged(told(5_900)).verdict).toBe('pass');
    expect(judged(told(10_900)).verdict).toBe('pass');
    expect(codesOf(judged(told(11_100)))).toEqual(['wal-unbounded']);
  });

  it('bears none for a fault that ends a process, which holds nothing any more', () => {
    expect(codesOf(judged(goodRun().at(650).sampled({ frames: 9_000 })))).toEqual(['wal-unbounded']);
  });
});

describe('the progress of checkpoints', () => {
  it('fails when commits go on for more than 5 s and no checkpoint does', () => {
    const result = judged(samples(goodRun(), rising(13)));
    expect(codesOf(result)).toEqual(['checkpoint-starved']);
    expect(result.figures).toMatchObject({ longestWithoutCheckpointMs: 6_000 });
    expect(result.findings[0]?.message).toContain('seen none for 6000 ms, in which frames grew from 1500 to 1512');
  });

  it.each([
    ['it is 5 s and no longer', rising(11)],
    ['a checkpoint copies something meanwhile', [...rising(7), ...rising(7, { frames: 1_600, checkpointed: 100 })]],
    ['the WAL begins anew meanwhile', [...rising(7), ...rising(7, { frames: 1_600, salts: ['00c0ffef', '1'] })]],
    ['no checkpoint is due', rising(20, { frames: 900 })],
    ['nobody commits', Array.from({ length: 20 }, () => ({ frames: 1_500, checkpointed: 0 }))],
  ])('passes when %s', (_, indexes) => {
    expect(judged(samples(goodRun(), indexes)).verdict).toBe('pass');
  });

  it('does not count the time in which a fault holds checkpoints up', () => {
    expect(judged(samples(goodRun().fault('hold-reader', 'notes', 3_000, 4_000), rising(13))).verdict).toBe('pass');
  });

  it('counts on through a restart', () => {
    const told = goodRun().at(3_000).stopped('host').started('host').fault('restart', 'host', 2_900, 3_900);
    expect(codesOf(judged(samples(told, rising(13))))).toEqual(['checkpoint-starved']);
  });
});

it.each([
  ['no samples', (run: History) => run.without('wal-sample')],
  ['samples without an index', (run: History) => run.but('wal-sample', () => ({ index: null }))],
  ['no traffic window', (run: History) => run.without('traffic')],
  ['seconds without a sample', (run: History) => run.but('traffic', () => ({ endedAtMs: 6_000 }))],
])('is unknown with %s', (_, change) => {
  const result = judged(change(goodRun()));
  expect([result.verdict, codesOf(result)]).toEqual(['unknown', ['not-exercised']]);
});
