/**
 * Goal:   the prober tells late and missing answers from good ones, splits off what was want of CPU, and ends in time.
 * Method: a real HTTP server in a process of its own that answers, sleeps without a CPU, or is stopped; no service.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HealthProbeSeen, HealthSummary, ObservationInput } from '../model/observation.ts';
import type { Recorder } from '../model/scenario.ts';
import type { Stack } from '../model/stack.ts';
import { startHealthProber } from '../observe/health-prober.ts';

const SERVER = new URL('./observe/slow-server.ts', import.meta.url);

let server: ChildProcess;
let port = 0;
let seen: ObservationInput[] = [];

beforeEach(async () => {
  seen = [];
  server = fork(SERVER);
  [port] = (await once(server, 'message')) as [number];
});

afterEach(() => void server.kill('SIGKILL'));

/** As much of a stack as the prober asks for. */
function stack(pid: number | undefined = server.pid): Stack {
  const processes = [{ name: 'server', healthPath: '/health', entry: 'slow-server.ts' }];
  const identity = async () => (pid === undefined ? null : { pid, startedAt: '', incarnation: 1 });
  const known: Partial<Record<keyof Stack, unknown>> = {
    processes,
    identity,
    baseUrl: () => `http://127.0.0.1:${port}`,
  };
  return known as unknown as Stack;
}

const recorder: Recorder = {
  op: async (_call, send) => send(),
  observe: (observed) => void seen.push(observed),
  nowMs: () => performance.now(),
};

const probes = () => seen.filter(({ kind }) => kind === 'health-probe') as HealthProbeSeen[];
const summary = () => seen.find(({ kind }) => kind === 'health-summary') as HealthSummary | undefined;

/** Probes until a late or failed answer was seen, or until so many answers must have come. */
async function probed(until: () => boolean, of: Stack = stack()): Promise<void> {
  const problems: string[] = [];
  const prober = startHealthProber(of, recorder, (problem) => problems.push(problem));
  try {
    await expect.poll(until, { timeout: 15_000, interval: 50 }).toBe(true);
  } finally {
    await prober.stop();
  }
  expect(problems).toEqual([]);
}

test('good answers only count', async () => {
  const startedAt = performance.now();
  await probed(() => performance.now() - startedAt > 1_500);
  expect(summary()).toMatchObject({ process: 'server', tookMs: { max: expect.any(Number) } });
  expect(summary()?.healthy).toBeGreaterThanOrEqual(3);
  expect(summary()?.healthy).toBe(summary()?.probes);
});

test('an answer that a sleep held up is late by its own time', async () => {
  server.send('sleep');
  await probed(() => probes().some(({ healthy }) => healthy));
  const [late] = probes();
  expect(late).toMatchObject({ process: 'server', healthy: true, seen: 'HTTP 200' });
  const { tookMs = 0, starvedMs, proberLateMs = 0 } = late ?? {};
  expect(tookMs - (starvedMs ?? 0) - proberLateMs).toBeGreaterThan(250);
});

test('a refused answer, and none at all, are told as what they are', async () => {
  server.send('refuse');
  await probed(() => probes().length > 0);
  expect(probes()[0]).toMatchObject({ healthy: false, seen: 'HTTP 503' });
  seen = [];
  server.kill('SIGKILL');
  await once(server, 'exit');
  await probed(() => probes().length > 0);
  expect(probes()[0]).toMatchObject({ healthy: false, seen: 'ECONNREFUSED' });
});

test('a process that stands still is not answered for at the end, and does not hold the end up', async () => {
  server.kill('SIGSTOP');
  const startedAt = performance.now();
  const prober = startHealthProber(stack(), recorder, () => undefined);
  await expect.poll(() => performance.now() - startedAt > 1_500, { timeout: 5_000 }).toBe(true);
  await prober.stop();
  expect(performance.now() - startedAt).toBeLessThan(4_000);
  expect(probes()[0]).toMatchObject({ healthy: false, seen: expect.stringMatching(/^no answer within \d+ ms$/) });
});

test('of a pid that is somebody else here, nobody says how long it had no CPU', async () => {
  server.send('refuse');
  await probed(() => probes().length > 0, stack(1));
  expect(probes()[0]?.starvedMs).toBeNull();
});
