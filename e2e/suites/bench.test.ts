/**
 * Goal: the bench's figures and comparisons mean what they say. Method: told histories against figures worked out by hand; a client
 * that is simulated on a schedule, against the latencies its replies had from when each call was due; the real command for
 * what is typed wrong.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { compareBenches } from '../bench/compare.ts';
import type { BenchDocument, BenchRow } from '../bench/document.ts';
import { figuresOf, latenciesOf } from '../bench/figures.ts';
import { limitFrom } from '../bench/limit/limit.ts';
import { ratiosOf } from '../bench/patch.ts';
import { benchTable, withBench } from '../bench/record.ts';
import { isApart, medianInterval, spreadOf } from '../bench/spread.ts';
import type { Op } from '../model/op.ts';
import { walproof } from './command.ts';
import { history } from './evidence-builder.ts';

const scratch = mkdtempSync(join(tmpdir(), 'walproof-bench-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const op = (calledAtMs: number, returnedAtMs: number, client = 'c-1'): Op => ({
  arm: 'control',
  service: 'notes',
  index: 0,
  client,
  kind: 'write',
  name: 'add-note',
  calledAtMs,
  returnedAtMs,
  outcome: 'ok',
});

describe('latency', () => {
  test('without a rate it is what each call took', () => {
    expect(latenciesOf([op(0, 5), op(9, 10)], 0).map(({ ms }) => ms)).toEqual([5, 1]);
  });

  test('a call that had to wait for the one before counts from when it was due', () => {
    // Due every 10 ms: a reply after 35 ms makes the next three late, each of which takes 1 ms by itself.
    const ops = [op(0, 35), op(35, 36), op(36, 37), op(37, 38), op(40, 41)];
    expect(latenciesOf(ops, 10).map(({ ms }) => ms)).toEqual([35, 26, 17, 8, 1]);
  });

  test('clients have schedules of their own', () => {
    const ops = [op(0, 25), op(3, 4, 'c-2'), op(13, 14, 'c-2'), op(25, 26)];
    expect(latenciesOf(ops, 10).map(({ ms }) => ms)).toEqual([25, 1, 1, 16]);
  });

  test('is that of a simulated client with a schedule, whatever its replies take', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1 }),
        fc.integer({ min: 1, max: 500 }),
        (replies, gapMs) => {
          const ops: Op[] = [];
          const expected: number[] = [];
          let now = 0;
          let dueAt = 0;
          for (const reply of replies) {
            now = Math.max(now, dueAt);
            ops.push(op(now, now + reply));
            expected.push(now + reply - dueAt);
            now += reply;
            dueAt = Math.max(dueAt + gapMs, now - 1_000);
          }
          expect(latenciesOf(ops, gapMs).map(({ ms }) => ms)).toEqual(expected);
        },
      ),
    );
  });
});

test('figures are of acknowledged calls alone, by the length of the traffic', () => {
  const evidence = history().evidence();
  const ops: Op[] = [
    op(0, 10),
    op(10, 30),
    { ...op(30, 90), outcome: 'fail' },
    { ...op(0, 4), kind: 'read', client: 'r-1' },
  ];
  const figures = figuresOf(
    {
      ...evidence,
      ops,
      observations: [{ arm: 'control', service: 'notes', kind: 'traffic', atMs: 0, endedAtMs: 2_000, clients: 1 }],
    },
    0,
  );
  expect(figures).toEqual({
    writesPerSecond: 1,
    readsPerSecond: 0.5,
    writeLatencyMs: { p50: 10, p99: 20, max: 20 },
    readLatencyMs: { p50: 4, p99: 4, max: 4 },
    busy: 0,
    longestStallMs: 0,
  });
});

describe('spread', () => {
  test('the middle of an even number is between two', () => {
    expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 });
    expect(spreadOf([7])).toEqual({ median: 7, min: 7, max: 7 });
    expect(spreadOf([])).toBeNull();
  });

  test('two are apart when they have nothing in common', () => {
    const of = (min: number, max: number) => ({ median: (min + max) / 2, min, max });
    expect(isApart(of(1, 2), of(2, 3))).toBe(false);
    expect(isApart(of(1, 2), of(2.1, 3))).toBe(true);
    expect(isApart(of(5, 6), of(2, 3))).toBe(true);
  });
});

const figures = (writesPerSecond: number, p99: number) => ({
  writesPerSecond,
  readsPerSecond: 100,
  writeLatencyMs: { p50: p99 / 2, p99, max: p99 },
  readLatencyMs: null,
  busy: 0,
  longestStallMs: 0,
});

/** A row whose patched side writes so much in each pair, against 10 a second. */
function rowOf(writes: readonly number[], p99 = 10): BenchRow {
  const pairs = writes.map((each) => ({ patched: figures(each, p99), other: figures(10, 10) }));
  const base = { service: 'notes', engine: 'process', load: 'closed', variant: 'unpatched', ratePerSecond: 0 } as const;
  return { ...base, pairs, ratios: ratiosOf(pairs) };
}

const documentOf = (row: BenchRow) => ({ rows: [row] }) as unknown as BenchDocument;
const changes = (before: BenchRow, now: BenchRow) =>
  Object.fromEntries(compareBenches(documentOf(before), documentOf(now)).map(({ ratio, change }) => [ratio, change]));

describe('two benches', () => {
  const usual = rowOf([100, 110, 120, 105, 115]);

  test.each([
    ['spreads that meet are noise', usual, rowOf([119, 130, 140, 150, 125]), { writes: 'within noise' }],
    ['fewer writes beyond noise', usual, rowOf([90, 80, 70, 95, 99]), { writes: 'worse' }],
    ['more writes beyond noise', usual, rowOf([121, 130, 140, 150, 160]), { writes: 'better' }],
    [
      'more latency beyond noise',
      usual,
      rowOf([100, 110, 120, 105, 115], 20),
      { writes: 'within noise', writeP99: 'worse' },
    ],
    ['four pairs say nothing', usual, rowOf([1, 1, 1, 1]), { writes: 'too few pairs' }],
  ])('%s', (_, before, now, expected) => {
    expect(changes(before, now)).toMatchObject(expected);
  });

  test('another load is another row', () => {
    expect(changes(usual, { ...usual, load: 'fixed' })).toEqual({});
  });
});

test('a plain side that had nothing gives no ratio, and README says so', () => {
  const pairs = [{ patched: figures(100, 10), other: { ...figures(0, 10), readsPerSecond: 50 } }];
  const row = { ...rowOf([]), pairs, ratios: ratiosOf(pairs) };
  expect(row.ratios).toMatchObject({ writes: null, reads: { median: 2 } });
  const table = benchTable({ rows: [row] });
  expect(table).toContain('| notes, process, as fast as replies come | none to compare with | 2.00× (2.00–2.00) |');
  expect(withBench(`a\n${table}\nb`, table)).toBe(`a\n${table}\nb`);
  expect(() => withBench('nothing', table)).toThrow(RangeError);
});

test('README has a chart of what was measured under the closed loop, and the limits', () => {
  const row = rowOf([100, 110, 120, 105, 115]);
  const limit = limitFrom(
    'notes',
    { clients: 16, processes: 4 },
    [
      {
        bare: 1_000,
        processes: 900,
        service: 400,
        bareCommits: 1_000,
        serviceCommits: 500,
        cpu: { bareMs: 0.1, facesMs: 1, databasesMs: 0.5, trafficMs: 0.2 },
      },
    ],
    [],
  );
  const table = benchTable({ rows: [row, { ...row, load: 'fixed' }], limits: [limit] });
  expect(table).toContain('  x-axis ["notes, process"]\n  y-axis "times"\n  bar [11.0]\n');
  expect(table).toContain(
    '| notes | 0.40× (0.40–0.40) | 0.50× (0.50–0.50) | 400, 1000, 900 | 1.00, 0.50, 0.20, 0.10 |',
  );
});

describe('what is typed wrong', () => {
  const file = join(scratch, 'not-a-bench.json');
  writeFileSync(file, '{"tool":"walproof"}');
  test.each([
    ['an unknown engine', ['--engine', 'podman'], 'UNKNOWN_ENGINE'],
    ['an unknown service', ['postgres'], 'UNKNOWN_SERVICE'],
    ['a file that is not there', ['--compare', join(scratch, 'absent.json')], 'USAGE'],
    ['a file that is no bench', ['--compare', file], 'USAGE'],
    ['no load and no limit', ['--load', 'none', '--no-limit'], 'USAGE'],
    ['a variant that a service does not have', ['oracle-v2', '--variant', 'driver-default'], 'USAGE'],
    ['a record against another variant', ['--record', '--variant', 'seed-literal'], 'USAGE'],
    ['a record of one service', ['nanoclaw', '--record'], 'USAGE'],
  ])('%s', async (_, args, code) => {
    const { exitCode, stdout } = await walproof('bench', ...args, '--json');
    expect(exitCode).toBe(64);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code } });
  });

  test('a load that there is not', async () => {
    const { exitCode, stderr } = await walproof('bench', '--load', 'open');
    expect(exitCode).toBe(64);
    expect(stderr).toContain('Allowed choices are closed, fixed, both');
  });
});

describe('the interval of a median', () => {
  test('is the order statistics of the tables', () => {
    // E.g. Conover, Practical Nonparametric Statistics: of 10 values the 2nd and the 9th, of 20 the 6th and the 15th.
    const upTo = (count: number) => Array.from({ length: count }, (_, n) => n + 1);
    expect(medianInterval(upTo(10))).toEqual({ from: 2, to: 9 });
    expect(medianInterval(upTo(20))).toEqual({ from: 6, to: 15 });
    expect(medianInterval(upTo(6))).toEqual({ from: 1, to: 6 });
    expect(medianInterval(upTo(5))).toBeNull();
    expect(medianInterval([])).toBeNull();
  });

  test('holds the true median about as often as it says', () => {
    let held = 0;
    const draws = 2_000;
    for (let n = 0; n < draws; n++) {
      const found = medianInterval(Array.from({ length: 25 }, () => Math.random()));
      if (found !== null && found.from <= 0.5 && 0.5 <= found.to) held++;
    }
    expect(held / draws).toBeGreaterThan(0.93);
  });
});
