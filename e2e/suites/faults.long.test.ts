/**
 * Claim:  each fault takes effect on a real stack, proves it, and leaves every process up and every acknowledged row there.
 * Method: one stack of the tiny service per engine under writes takes all faults one after the other, so that one which
 *         did not heal would spoil the next.
 * Red as: a fault without effect, a process that is down afterwards, a row that is gone. Not claimed: that the services
 *         bear it (claim-faults).
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newRunId } from '../engine/shared/run-id.ts';
import { FAULTS } from '../faults/index.ts';
import { schedule, times } from '../faults/schedule.ts';
import type { Recorder } from '../model/scenario.ts';
import type { Stack } from '../model/stack.ts';
import { ENGINES } from './claims.ts';
import { eventually } from './engine-cases/harness/await.ts';
import { tinyService } from './engine-cases/harness/definition.ts';
import { getJson, healthStatus } from './engine-cases/harness/talk.ts';
import { Hammer } from './faults/hammer.ts';

const SERVICE = tinyService({ 'tiny-1': 'shared', 'tiny-2': 'shared' });
const NAMES = SERVICE.processes.map(({ name }) => name);
const PREPARE_TIMEOUT_MS = 300_000;
/** Acknowledged rows between two faults. */
const CALM_ROWS = 20;

const recorder: Recorder = {
  op: async (_call, send) => send(),
  observe: () => undefined,
  nowMs: () => performance.now(),
};

describe.each(ENGINES.map((engine) => ({ engine, name: engine.name })))('on the $name engine', ({ engine, name }) => {
  let stack: Stack;
  let hammer: Hammer;
  let limited: string | null = null;

  beforeAll(async () => {
    await engine.prepare([SERVICE], () => undefined);
    limited = await engine.whyNoDataLimit();
    const limit = FAULTS.find((fault) => fault.name === 'fill-disk')?.dataLimitBytes;
    const size = limited === null && limit !== undefined ? { dataLimitBytes: limit } : {};
    stack = await engine.createStack({ service: SERVICE, runId: newRunId(), ...size });
    await stack.start();
    hammer = new Hammer(stack);
  }, PREPARE_TIMEOUT_MS);

  afterAll(async () => {
    await hammer?.stop();
    await stack?.[Symbol.asyncDispose]();
  });

  test.each(FAULTS.filter((fault) => fault.cannot?.[name] === undefined))('$name', async (fault) => {
    if (fault.dataLimitBytes !== undefined && limited !== null) return expect(limited).toContain('root');
    const calm = hammer.acknowledged.length + CALM_ROWS;
    await eventually(() => hammer.acknowledged.length >= calm);
    const [strike] = schedule([times(1, fault)], SERVICE.processes, 3, 0);
    const effect = await fault.run({ stack, recorder, target: strike?.target ?? '' });
    expect(effect).toEqual({ tookEffect: true, proof: expect.any(String) });
    for (const process of NAMES) await eventually(async () => (await healthStatus(stack, process)) === 200);
  });

  test('every acknowledged row is there after all of them', async () => {
    await hammer.stop();
    const rows = new Set((await getJson(stack, 'tiny-1', '/items')) as string[]);
    expect(hammer.acknowledged.filter((value) => !rows.has(value))).toEqual([]);
    expect(hammer.acknowledged.length).toBeGreaterThan(CALM_ROWS * FAULTS.length);
  });
});
