/**
 * Claim:  an arm asks for a stack that fits its faults: with published ports only where a container is taken off its network.
 * Method: an engine that notes what it is asked for and gives nothing.
 */
import { expect, test } from 'vitest';
import { runArm } from '../arm.ts';
import { FAULTS } from '../faults/index.ts';
import { times } from '../faults/schedule.ts';
import type { Fault } from '../model/scenario.ts';
import type { Engine, StackOptions } from '../model/stack.ts';
import { SERVICES } from '../services/index.ts';

const [SERVICE] = SERVICES;

async function askedFor(faults: readonly Fault[]): Promise<StackOptions> {
  if (SERVICE === undefined) throw new RangeError('no service');
  const asked: StackOptions[] = [];
  const nothing = new Error('nothing is given');
  const engine: Engine = {
    name: 'docker',
    prepare: async () => undefined,
    createStack: (options) => {
      asked.push(options);
      return Promise.reject(nothing);
    },
    whyNoDataLimit: async () => null,
    removeLeftovers: async () => [],
    versions: async () => ({}),
  };
  const arm = runArm({
    arm: 'subject',
    service: SERVICE,
    engine,
    runId: 'test',
    variant: 'patched',
    dbModule: null,
    traffic: { seed: 1, clients: 1, ratePerSecond: 0 },
    durationMs: 0,
    calmMs: 0,
    faults: faults.map((fault) => times(1, fault)),
    demands: { okOps: 0, okOpsAroundFault: 0, faults: [], control: false, controlResult: null },
    sink: {
      op: () => undefined,
      observation: () => undefined,
      log: () => undefined,
      databaseFolder: () => Promise.reject(nothing),
    },
    startedAt: performance.now(),
    signal: new AbortController().signal,
    onStage: () => undefined,
  });
  await expect(arm).rejects.toBe(nothing);
  const [options] = asked;
  if (options === undefined) throw new RangeError('no stack was asked for');
  return options;
}

test.each([
  ['of no fault', [], true],
  ['of faults that leave the network alone', FAULTS.filter(({ name }) => name !== 'network-disconnect'), true],
  ['of all faults', FAULTS, undefined],
])('the stack of an arm %s', async (_, faults, direct) => {
  expect((await askedFor(faults)).direct).toBe(direct);
});
