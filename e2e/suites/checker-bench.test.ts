/**
 * Claim:  the bench of the checkers (checker-bench.ts) judges what it times, and says how long it took.
 * Method: the bench itself with its smallest run; the run it judges, gone through twice, good and flawed.
 * Red as: a good run that does not pass, a flaw that is not found, a figure that is missing. Not claimed: how fast it is.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { judge } from '../check/index.ts';
import { syntheticRun } from './evidence/synthetic-run.ts';

const OPS = 5_000;

test('the bench prints figures of its smallest run', () => {
  const bench = fileURLToPath(new URL('checker-bench.ts', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [bench, '10000', '--json'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const spread = { median: expect.any(Number), least: expect.any(Number), greatest: expect.any(Number) };
  expect(JSON.parse(stdout)).toEqual({
    rows: [
      {
        ops: 10_000,
        rounds: 15,
        seconds: spread,
        cpuSeconds: spread,
        generatorCpuSeconds: expect.any(Number),
        opsPerCpuSecond: expect.any(Number),
        nsPerOp: expect.any(Number),
        timesReference: expect.any(Number),
        peakMemoryMb: expect.any(Number),
      },
    ],
    missed: [],
  });
});

test('a synthetic run passes every check, and is the same each time it is gone through', () => {
  const run = syntheticRun({ ops: OPS, seed: 3, flawed: false });
  expect(judge(run).filter(({ verdict }) => verdict !== 'pass')).toEqual([]);
  expect([...run.ops]).toEqual([...run.ops]);
  expect(new Set(Array.from(run.ops, ({ outcome }) => outcome))).toEqual(new Set(['ok', 'info', 'fail']));
});

test('its calls are those of the seed', () => {
  const values = (seed: number) =>
    Array.from(syntheticRun({ ops: OPS, seed, flawed: false }).ops, ({ value }) => value);
  expect(values(3)).toEqual(values(3));
  expect(values(3)).not.toEqual(values(4));
});

test('a flawed one fails by a lost write and a repeated reply, told with the calls that sent them', () => {
  const findings = judge(syntheticRun({ ops: OPS, seed: 3, flawed: true })).flatMap((result) => result.findings);
  expect(findings.map(({ code, evidence }) => ({ code, evidence }))).toMatchObject([
    { code: 'lost-write', evidence: [{ sent: [{ name: 'post-message', outcome: 'ok' }], found: null }] },
    { code: 'reply-duplicated', evidence: [{ sent: [{ name: 'post-message', outcome: 'ok' }], answers: 2 }] },
  ]);
});
