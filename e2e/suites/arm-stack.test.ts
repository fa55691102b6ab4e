/**
 * Claim:  an arm asks for a stack that fits its faults: a place on the network for each process only where one is unplugged or
 *         two of one process run at once.
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

const NEEDY = ['network-disconnect', 'rolling-restart'];

const onlyNeedy = (needy: string) => FAULTS.filter(({ name }) => name === needy);

test.each<[string, readonly Fault[], true | undefined]>([
  ['of no fault', [], true],
  ['of faults that leave the network alone', FAULTS.filter(({ name }) => !NEEDY.includes(name)), true],
  ...NEEDY.map((needy): [string, readonly Fault[], undefined] => [`of ${needy}`, onlyNeedy(needy), undefined]),
])('the stack of an arm %s', async (_, faults, sharesNetwork) => {
  expect((await askedFor(faults)).sharesNetwork).toBe(sharesNetwork);
});
