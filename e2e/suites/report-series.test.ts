/** Goal: what a report draws is what was recorded. Method: short histories with round numbers, and random ones against sums. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { observationsOf } from '../model/evidence.ts';
import { bucketAt, bucketsOf, lengthMs, middles } from '../report/html/buckets.ts';
import { focusOf } from '../report/html/focus.ts';
import { lanesOf } from '../report/html/lanes.ts';
import { sideOf } from '../report/html/side.ts';
import { history } from './evidence-builder.ts';
import { longRun } from './report/long-run.ts';

describe('stretches of time', () => {
  test.each([
    [0, 1, 200],
    [10_000, 50, 200],
    [60_000, 120, 500],
    [24 * 3_600_000, 173, 500_000],
  ])('%d ms are cut into %d of %d ms', (length, count, widthMs) => {
    expect(bucketsOf(5_000, 5_000 + length)).toEqual({ fromMs: 5_000, untilMs: 5_000 + length, widthMs, count });
  });

  test('hold every moment once, and together are the whole time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 1, max: 1e8 }), (fromMs, length) => {
        const buckets = bucketsOf(fromMs, fromMs + length);
        expect(buckets.count).toBeLessThanOrEqual(240);
        const lengths = middles(buckets).map((_, n) => lengthMs(buckets, n));
        expect(lengths.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(length, 3);
        expect(bucketAt(buckets, fromMs)).toBe(0);
        expect(bucketAt(buckets, fromMs + length)).toBe(buckets.count - 1);
      }),
    );
  });
});

describe('calls over time', () => {
  test('are counted at their return, by outcome, and their latency is that of the acknowledged ones', () => {
    const told = history();
    for (const tookMs of [1, 2, 3, 4]) told.at(100).ok('add-note', `k${tookMs}`, 'v', { tookMs });
    told.at(110).refused('add-note', 'k5', 'v', { tookMs: 80 }).at(500).info('add-note', 'k6', 'v', { tookMs: 100 });
    const series = sideOf(told.traffic(0, 1_000).evidence()).series;
    expect(series?.perSecond).toEqual({ ok: [20, 0, 0, 0, 0], fail: [5, 0, 0, 0, 0], info: [0, 0, 0, 5, 0] });
    expect(series?.latencyMs[0]).toEqual({ p50: 2, p99: 4, max: 4 });
    expect(series?.latencyMs[1]).toEqual({ p50: null, p99: null, max: null });
  });

  test('none is lost on the way, however long the run was', () => {
    const evidence = longRun({ ops: 20_000, durationMs: 60_000 });
    const { series, calls } = sideOf(evidence);
    const sum = (perSecond: number[] = []) =>
      perSecond.reduce((total, rate, n) => total + (rate * lengthMs(series?.buckets ?? bucketsOf(0, 0), n)) / 1_000, 0);
    expect(Math.round(sum(series?.perSecond.ok))).toBe(calls.ok);
    expect(calls.ok + calls.fail + calls.info).toBe(20_000);
  });
});

describe('the -wal over time', () => {
  test('is as it was sampled, in bytes with the header of each frame, and a long time without a look is a gap', () => {
    const told = history()
      .at(0)
      .sampled({ frames: 10, checkpointed: 4 })
      .at(500)
      .sampled({ frames: 10, checkpointed: 10 });
    told.at(9_000).sampled(null).traffic(0, 10_000);
    const wal = sideOf(told.evidence()).wal;
    expect(wal?.samples).toBe(3);
    expect(wal?.checkpointsSeen).toBe(1);
    expect(wal?.points).toEqual([
      { atMs: 0, fileBytes: 4_096, pendingBytes: 6 * 4_120 },
      { atMs: 500, fileBytes: 4_096, pendingBytes: 0 },
      { atMs: 4_750, fileBytes: null, pendingBytes: null },
      { atMs: 9_000, fileBytes: 4_096, pendingBytes: null },
    ]);
  });
});

describe('waits', () => {
  test('are the long statements and the refusals that came late, the longest first', () => {
    const told = history().at(100).slowStatement('host', 150).at(200).slowStatement('agent', 900);
    told.sqliteError('host', 'SQLITE_BUSY', { elapsedMs: 5_000 }).sqliteError('host', 'SQLITE_BUSY', { elapsedMs: 1 });
    const { waits, busy } = sideOf(told.evidence());
    expect(waits.longest.map(({ process, elapsedMs, refusedWith }) => [process, elapsedMs, refusedWith])).toEqual([
      ['host', 5_000, 'SQLITE_BUSY'],
      ['agent', 900, null],
      ['host', 150, null],
    ]);
    expect(waits.processes).toEqual([
      { process: 'host', count: 2, longestMs: 5_000 },
      { process: 'agent', count: 1, longestMs: 900 },
    ]);
    expect(waits.refusals).toMatchObject([
      { process: 'host', code: 'SQLITE_BUSY', count: 2, elapsedMs: { min: 1, max: 5_000 } },
    ]);
    expect(busy).toBe(2);
  });
});

describe('the moment that is shown closely', () => {
  const finding = (code: 'busy' | 'not-exercised', ...evidence: unknown[]) => ({
    check: 'no-busy',
    verdict: 'fail' as const,
    findings: [{ code, message: 'it was refused', evidence }],
  });

  test('is that of the finding, before anything unknown and anything earlier that proves nothing', () => {
    const told = history().at(5_000).ok('add-note', 'k', 'v', { tookMs: 40 }).traffic(1_000, 9_000);
    const [op] = told.evidence().ops;
    const focus = focusOf(told.evidence(), [
      finding('not-exercised', { atMs: 2_000 }),
      finding('busy', { sent: [op] }),
    ]);
    expect(focus).toMatchObject({ reason: 'finding', finding: { code: 'busy' }, fromMs: 4_800, untilMs: 5_240 });
  });

  test('is one while traffic ran, before one that came earlier', () => {
    const told = history().traffic(1_000, 9_000);
    const focus = focusOf(told.evidence(), [finding('busy', { atMs: 10 }), finding('busy', { atMs: 3_000 })]);
    expect(focus?.fromMs).toBe(2_800);
  });

  test.each([
    [
      'the first refused lock',
      history().at(700).sqliteError('host', 'SQLITE_BUSY').slowStatement('agent', 200),
      'refusal',
    ],
    ['else the longest wait', history().at(700).slowStatement('agent', 200).fault('kill', 'host', 10, 20), 'wait'],
    ['else the first fault', history().fault('kill', 'host', 10, 20), 'fault'],
  ])('without a finding is %s', (_, told, reason) => {
    expect(focusOf(told.evidence(), [])?.reason).toBe(reason);
  });

  test('is none where nothing happened', () => {
    expect(focusOf(history().evidence(), [])).toBeNull();
  });
});

describe('lanes', () => {
  test('show each call from call to return in a row that is free, with what the process did beside', () => {
    const told = history().started('host').at(1_000);
    told.call('ok', 'add-note', 'a', 'v', { target: 'host', tookMs: 50 });
    told.at(1_010).call('fail', 'add-note', 'b', 'v', { target: 'host', tookMs: 10, client: 'sender-2' });
    told.at(1_055).call('info', 'list', undefined, undefined, { target: 'host', tookMs: 10, kind: 'read' });
    told.at(1_030).sqliteError('host', 'SQLITE_BUSY', { elapsedMs: 2 }).at(1_040).killed('host').traffic(900, 2_000);
    const lanes = lanesOf(told.evidence(), []);
    const [host, agent] = lanes?.lanes ?? [];
    expect(host?.bars.map(({ row, fromMs, untilMs, outcome }) => [row, fromMs, untilMs, outcome])).toEqual([
      [0, 1_000, 1_050, 'ok'],
      [1, 1_010, 1_020, 'fail'],
      [0, 1_055, 1_065, 'info'],
    ]);
    expect(host?.spans).toMatchObject([{ kind: 'refused', fromMs: 1_028, untilMs: 1_030 }]);
    expect(host?.marks.map(({ text }) => text)).toEqual(['SIGKILL']);
    expect(agent).toMatchObject({ process: 'agent', bars: [], rows: 0 });
    expect(lanes?.calls.map(({ key }) => key)).toEqual(['b', undefined]);
  });

  test('stay readable however many calls there were, and say how many they leave out', () => {
    const evidence = longRun({ ops: 100_000, durationMs: 60_000 });
    const lanes = lanesOf(evidence, []);
    const bars = lanes?.lanes.reduce((sum, lane) => sum + lane.bars.length, 0) ?? 0;
    expect(bars).toBeLessThanOrEqual(600);
    expect(lanes?.omitted).toBeGreaterThan(0);
  });
});

describe('what is missing is said', () => {
  test.each([
    ['nothing at all', history(), ['No call and no observation was recorded.']],
    ['no calls', history().traffic(0, 1_000), [/No call was recorded/, /No look at the -wal/]],
    [
      'a service that did not start',
      history().started('host').startFailed('host', 'it ended with exit 1', 'Error: no such file'),
      [/did not start, so no traffic ran/, /No call was recorded/, /No look/],
    ],
    ['no observations', history().ok('add-note', 'k', 'v'), [/No observation was recorded/, /No look/]],
    ['only refusals', history().refused('add-note', 'k', 'v').traffic(0, 100).sampled(), [/No call was acknowledged/]],
  ])('%s', (_, told, lines) => {
    expect(sideOf(told.evidence()).missing).toEqual(
      lines.map((line) => (typeof line === 'string' ? line : expect.stringMatching(line))),
    );
  });

  test('nothing is missing from a whole run', () => {
    expect(sideOf(longRun({ ops: 1_000, durationMs: 5_000 })).missing).toEqual([]);
    expect(observationsOf(longRun({ ops: 1, durationMs: 5_000 }), 'wal-sample').length).toBe(10);
  });
});
