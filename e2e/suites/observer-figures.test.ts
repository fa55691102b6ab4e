/**
 * Goal:   the observer reads metrics, attestations and time as they are, also where they are wrong, late or hostile, and holds
 *         a day in a fixed amount of memory.
 * Method: text in, figures out; no process is started.
 */
import { expect, test } from 'vitest';
import { connectionsIn } from '../dashboard/attested.ts';
import { History, TIERS } from '../dashboard/history.ts';
import { Marks } from '../dashboard/marks.ts';
import { parsePrometheus } from '../dashboard/prometheus.ts';
import { quantile } from '../dashboard/quantile.ts';
import { changeBetween, readingOf } from '../dashboard/reading.ts';
import { nanoclaw } from '../services/nanoclaw.ts';

const every = () => true;

test('metrics: labels with escapes, values with exponents and infinities, comments and noise', () => {
  const text = [
    '# HELP a_total help',
    'a_total 3',
    'b{x="1",y="say \\"hi\\"\\n\\\\"} 1.5e3 1700000000',
    'c{le="+Inf"} +Inf',
    'not a metric line at all',
    'd{x=unquoted} 1',
    'e one',
    '',
  ].join('\n');
  expect(parsePrometheus(text, every)).toEqual([
    { name: 'a_total', labels: {}, value: 3 },
    { name: 'b', labels: { x: '1', y: 'say "hi"\n\\' }, value: 1500 },
    { name: 'c', labels: { le: '+Inf' }, value: Infinity },
  ]);
});

test('metrics: a label named as a part of every object is a label', () => {
  const [sample] = parsePrometheus('a{__proto__="x"} 1', every);
  expect(Object.keys(sample?.labels ?? {})).toEqual(['__proto__']);
});

test('metrics: a line of a megabyte is read in time that does not grow beyond it', () => {
  const beganAt = performance.now();
  parsePrometheus(`a{x="${'\\"'.repeat(500_000)}"} 1\nb{${'x="1",'.repeat(100_000)} 1`, every);
  expect(performance.now() - beganAt).toBeLessThan(2_000);
});

const PAGE = (started: number, ok: number, busy: number) => `
process_start_time_seconds ${started}
http_requests_total{method="GET",route="/messages",status="200"} ${ok}
http_requests_total{method="GET",route="/health",status="200"} 999
http_requests_total{method="POST",route="/messages",status="503"} ${busy}
http_request_duration_seconds_bucket{method="GET",le="0.001"} 0
http_request_duration_seconds_bucket{method="GET",le="0.01"} ${ok / 2}
http_request_duration_seconds_bucket{method="GET",le="+Inf"} ${ok}
sqlite_errors_total{code="SQLITE_BUSY",phase="run"} ${busy}
process_cpu_seconds_total ${ok}
nodejs_eventloop_lag_max_seconds 0.25
`;
const read = (started: number, ok: number, busy: number) => readingOf(PAGE(started, ok, busy), new Set(['/health']));

test('a reading leaves the watchers’ own questions out', () => {
  expect(read(100, 40, 2)).toMatchObject({ startedAtMs: 100_000, ok: 40, refused: 2, stallMs: 240 });
});

test('what changed is the difference, and all of it after a restart', () => {
  const grown = changeBetween(read(100, 40, 2), read(100, 100, 5));
  expect(grown).toMatchObject({ restarted: false, ok: 60, refused: 3 });
  expect([...grown.durations]).toEqual([
    [0.001, 0],
    [0.01, 30],
    [Infinity, 30],
  ]);
  const anew = changeBetween(read(100, 40, 2), read(200, 10, 1));
  expect(anew).toMatchObject({ restarted: true, ok: 10, refused: 1 });
  expect([...anew.sqliteErrors]).toEqual([['SQLITE_BUSY', 1]]);
});

test('codes beyond a bound are counted as one', () => {
  const text = Array.from({ length: 500 }, (_, n) => `sqlite_errors_total{code="X${n}"} 1`).join('\n');
  const { sqliteErrors } = readingOf(text, new Set());
  expect(sqliteErrors.size).toBeLessThanOrEqual(41);
  expect([...sqliteErrors.values()].reduce((sum, n) => sum + n, 0)).toBe(500);
});

test('a quantile lies inside its bucket, is the last bound beyond it, and is nothing without calls', () => {
  const buckets = new Map([
    [1, 0],
    [2, 50],
    [4, 50],
    [Infinity, 0],
  ]);
  expect(quantile(buckets, 0.5)).toBe(2);
  expect(quantile(buckets, 0.75)).toBe(3);
  expect(
    quantile(
      new Map([
        [1, 0],
        [Infinity, 3],
      ]),
      0.99,
    ),
  ).toBe(1);
  expect(quantile(new Map([[1, 0]]), 0.5)).toBeNull();
});

const CONNECTION = {
  connection: 1,
  pid: 7,
  readonly: false,
  journalMode: 'wal',
  busyTimeoutMs: 30_000,
  synchronous: 1,
  cacheSize: -20_000,
  foreignKeys: true,
  sqliteVersion: '3.54.1',
  driver: 'better-sqlite3',
};

test('a connection is measured by the policy, pragma by pragma', () => {
  const body = (change: object) => JSON.stringify({ connections: [{ ...CONNECTION, ...change }] });
  expect(connectionsIn(body({}), nanoclaw.policy)?.[0]?.drift).toEqual([]);
  expect(connectionsIn(body({ journalMode: 'delete', busyTimeoutMs: 0 }), nanoclaw.policy)?.[0]?.drift).toEqual([
    { pragma: 'journal_mode', expected: 'wal', seen: 'delete' },
    { pragma: 'busy_timeout', expected: '30000', seen: '0' },
  ]);
});

test.each(['', 'not JSON', '[]', '{}', '{"connections":[{"journalMode":1}]}', '{"connections":"<script>"}'])(
  'an answer that names no connections is not taken for one: %s',
  (body) => expect(connectionsIn(body, nanoclaw.policy)).toBeNull(),
);

test('history: steps are made of what fell into them, and a step without anything is a gap', () => {
  const history = new History({ ok: 'mean', wal: 'max', up: 'min' }, [{ stepMs: 1_000, steps: 5 }]);
  history.add(10_000, { ok: 1, wal: 5, up: 1 });
  history.add(10_500, { ok: 3, wal: 2, up: 0 });
  history.add(12_100, { ok: null, wal: Number.NaN, up: 1 });
  expect(history.read(1_000)).toEqual({
    stepMs: 1_000,
    fromMs: 10_000,
    series: { ok: [2, null, null], wal: [5, null, null], up: [0, null, 1] },
  });
  expect(history.read(1_000, 12_000)?.fromMs).toBe(12_000);
  expect(history.read(500)).toBeNull();
});

test('history: a clock that is set back writes no past, and one that leaps leaves a gap', () => {
  const history = new History({ ok: 'max' }, [{ stepMs: 1_000, steps: 4 }]);
  history.add(10_000, { ok: 1 });
  history.add(3_000, { ok: 2 });
  expect(history.read(1_000)).toMatchObject({ fromMs: 10_000, series: { ok: [2] } });
  history.add(1e9, { ok: 7 });
  expect(history.read(1_000)?.series['ok']).toEqual([null, null, null, 7]);
});

test('history: two days by the second take the memory of the first moment, and reach back one day', () => {
  const history = new History(Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`s${n}`, 'mean' as const])));
  const before = history.bytes;
  const values = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`s${n}`, n]));
  const beganAtMs = 1_700_000_000_000;
  for (let second = 0; second < 2 * 86_400; second++) history.add(beganAtMs + second * 1_000, values);
  expect(history.bytes).toBe(before);
  expect(history.bytes).toBeLessThan(1024 ** 2);
  for (const { stepMs, steps } of TIERS) {
    const { series = {}, fromMs = 0 } = history.read(stepMs) ?? {};
    expect(series['s7']).toHaveLength(steps);
    expect(series['s7']?.every((value) => value === 7)).toBe(true);
    expect(beganAtMs + 2 * 86_400_000 - fromMs).toBeLessThanOrEqual(stepMs * (steps + 1));
  }
});

test('marks: a day of kills keeps the newest, and long text is cut', () => {
  const marks = new Marks(() => undefined);
  for (let n = 0; n < 10_000; n++)
    marks.add({ service: 'nanoclaw', process: null, kind: 'down', text: `${n} ${'x'.repeat(1_000)}` });
  const kept = marks.since(0);
  expect(kept.length).toBeLessThanOrEqual(300);
  expect(kept.at(-1)).toMatchObject({ id: 10_000 });
  expect(kept.at(-1)?.text.length).toBeLessThanOrEqual(300);
  expect(marks.since(9_999)).toHaveLength(1);
});
