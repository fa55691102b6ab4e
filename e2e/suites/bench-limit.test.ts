/**
 * Goal: how far a service is from its own statements on a bare connection is measured and told as it is. Method: told pairs against
 * ratios worked out by hand; bare writers on real files, whose transactions SQLite itself counts; the real command beside a service.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { BenchDocument } from '../bench/document.ts';
import { runBare } from '../bench/limit/bare.ts';
import { changeCounter, commitsBetween } from '../bench/limit/commits.ts';
import { limitFrom } from '../bench/limit/limit.ts';
import { metricIn } from '../bench/limit/metrics.ts';
import { meanMs, splitOf } from '../bench/limit/split.ts';
import { limitText } from '../bench/limit/text.ts';
import { walproof } from './command.ts';

const scratch = mkdtempSync(join(tmpdir(), 'walproof-bench-limit-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('the limit', () => {
  const cpu = { bareMs: 0.1, facesMs: 1, databasesMs: 0.5, trafficMs: 0.25 };
  const pair = (bare: number, service: number, serviceCommits: number | null) => ({
    bare,
    processes: bare / 2,
    service,
    bareCommits: 2 * bare,
    serviceCommits,
    cpu,
  });

  test('a share is what was measured, and the rest is said to be the rest', () => {
    const measured = {
      latencyMs: 10,
      httpMs: 2,
      jsonMs: 0.5,
      filesMs: 0.25,
      lockWaitMs: 1,
      commitMs: 3,
      statementsMs: 0.25,
    };
    expect(splitOf(measured)).toEqual({ ...measured, otherMs: 3 });
    expect(meanMs({ count: 4, seconds: 0.01 })).toBe(2.5);
    expect(meanMs({ count: 0, seconds: 0 })).toBe(0);
  });

  test('ratios are of pairs, of writes and of commits, and none is made of what could not be seen', () => {
    const pairs = [pair(1_000, 400, 1_600), pair(2_000, 600, null), pair(1_000, 500, 1_000)];
    const limit = limitFrom('notes', { clients: 16, processes: 4 }, pairs, []);
    expect(limit).toMatchObject({
      bare: { writesPerSecond: { median: 1_000, min: 1_000, max: 2_000 } },
      processes: { count: 4, writesPerSecond: { median: 500 } },
      served: { clients: 16, writesPerSecond: { median: 500 } },
      ratio: { median: 0.4, min: 0.3, max: 0.5 },
      commitRatio: { median: 0.65, min: 0.5, max: 0.8 },
      commitsPerWrite: { median: 3, min: 2, max: 4 },
      cpu,
      split: null,
    });
    expect(limitText(limit)).toContain('acknowledged writes / limit 0.40 (0.30–0.50)');
    expect(limitFrom('notes', { clients: 16, processes: 4 }, [pair(1_000, 400, null)], []).commitRatio).toBeNull();
  });

  test('metrics are summed over processes and labels', () => {
    const text = 'a_total{kind="x"} 1.5\na_total{kind="y"} 2\n# HELP b\nb 7\na_total{kind="x"} 3';
    expect(metricIn(text, 'a_total')).toBe(6.5);
    expect(metricIn(text, 'a_total', 'kind="x"')).toBe(4.5);
    expect(metricIn(text, 'b')).toBe(7);
    expect(metricIn(text, 'absent')).toBe(0);
  });

  test('commits are those of the change counter, which begins anew', () => {
    expect(changeCounter(null)).toBeNull();
    expect(commitsBetween(7, null)).toBeNull();
    expect(commitsBetween(0xffffffff, 2)).toBe(3);
  });

  test.each(['nanoclaw', 'oracle-v2'])(
    '%s: a bare write is one transaction, in one process and in two',
    async (service) => {
      const { signal } = new AbortController();
      for (const writers of [1, 2]) {
        const run = await runBare({ service, writers, seed: 3, durationMs: 100, timed: true, signal });
        expect(run.answers).toHaveLength(writers);
        expect(run.commitsPerSecond).not.toBeNull();
        for (const { writes, statements } of run.answers) {
          expect(writes).toBeGreaterThan(0);
          expect(statements).toMatchObject({ begin: { count: writes }, commit: { count: writes } });
        }
        // Each writer measures from its own first write; only one alone has the counter to itself.
        if (writers === 1) expect(run.commitsPerSecond).toBeCloseTo(run.writesPerSecond, 6);
      }
    },
  );

  test('a service under the same writes is measured beside it', async () => {
    const { exitCode, stdout, stderr } = await walproof(
      ...['bench', 'oracle-v2', '--load', 'none', '--pairs', '1', '--duration', '1s', '--seed', '5', '--json'],
    );
    expect(exitCode, stderr).toBe(0);
    const { rows, limits } = JSON.parse(stdout) as BenchDocument;
    expect(rows).toEqual([]);
    expect(limits).toMatchObject([
      { service: 'oracle-v2', engine: 'process', processes: { count: 4 }, served: { clients: 16 } },
    ]);
    const [limit] = limits ?? [];
    const { latencyMs, ...shares } = limit?.split ?? { latencyMs: Number.NaN };
    const sum = Object.values(shares).reduce((total, share) => total + share, 0);
    expect(sum).toBeCloseTo(latencyMs, 1);
    expect(limit?.ratio?.median).toBeGreaterThan(0);
    expect(limit?.commitsPerWrite?.median).toBeGreaterThan(0.5);
  });
});
