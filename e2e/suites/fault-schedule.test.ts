/**
 * Goal: what strikes what, and when, is a function of the list, the processes, the seed and the duration alone.
 * Method: lists and seeds at random; the schedule is made twice, and read against what the list says.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FAULTS } from '../faults/index.ts';
import { faultsNamed, possibleOn } from '../faults/named.ts';
import { every, inTurn, type Strike, schedule, times } from '../faults/schedule.ts';
import type { FaultStep } from '../model/scenario.ts';
import type { Engine } from '../model/stack.ts';
import { SERVICES } from '../services/index.ts';

const PROCESSES = SERVICES[0]?.definition.processes ?? [];
const NAMES = PROCESSES.map(({ name }) => name);
const DURATION_MS = 10_000;

const named = (strikes: readonly Strike[]) =>
  strikes.map(({ fault, target, dueMs }) => `${fault.name} ${target} ${dueMs}`);
const scheduled = (list: string, seed: number) => named(schedule(faultsNamed(list), PROCESSES, seed, DURATION_MS));

const aFault = fc.constantFrom(...FAULTS);
const aStep: fc.Arbitrary<FaultStep> = fc.oneof(
  aFault.map(inTurn),
  fc.tuple(fc.integer({ min: 1, max: 5 }), aFault).map(([n, fault]) => times(n, fault)),
  fc.tuple(fc.integer({ min: 500, max: 2_000 }), aFault).map(([ms, fault]) => every(ms, fault)),
  fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 500, max: 2_000 }), aFault)
    .map(([n, ms, fault]) => times(n, every(ms, fault))),
);
const steps = fc.array(aStep, { maxLength: 6 });
const aSeed = fc.integer({ min: 0, max: 0x7fffffff });

describe('a schedule', () => {
  test('is the same for the same seed, in time, and on targets the fault can have', () => {
    fc.assert(
      fc.property(steps, aSeed, (list, seed) => {
        const strikes = schedule(list, PROCESSES, seed, DURATION_MS);
        expect(named(schedule(list, PROCESSES, seed, DURATION_MS))).toEqual(named(strikes));
        const order = strikes.map(({ dueMs }) => dueMs ?? -1);
        expect(order).toEqual(order.toSorted((a, b) => a - b));
        for (const { fault, target, dueMs } of strikes) {
          expect(fault.targets?.(PROCESSES) ?? NAMES).toContain(target);
          expect(dueMs ?? 0).toBeLessThan(DURATION_MS);
        }
      }),
    );
  });

  test('strikes as often as the list says', () => {
    const countOf = ({ fault, times: count, everyMs }: FaultStep): number => {
      if (count !== null) return count;
      return everyMs === null ? (fault.targets?.(PROCESSES) ?? NAMES).length : Math.floor(DURATION_MS / everyMs);
    };
    fc.assert(
      fc.property(steps, aSeed, (list, seed) => {
        const due = list.reduce((sum, step) => sum + countOf(step), 0);
        expect(schedule(list, PROCESSES, seed, DURATION_MS)).toHaveLength(due);
      }),
    );
  });

  test('of another seed is another', () => {
    const different = new Set(Array.from({ length: 20 }, (_, seed) => scheduled('all', seed).join()));
    expect(different.size).toBeGreaterThan(15);
    const targets = new Set(Array.from({ length: 50 }, (_, seed) => scheduled('kill*1', seed)[0]));
    expect(targets.size).toBe(NAMES.length);
  });

  test('of plain names is each on every process in turn, whatever the seed', () => {
    const inOrder = ['restart', 'kill'].flatMap((fault) => NAMES.map((name) => `${fault} ${name} null`));
    for (const seed of [0, 1, 2]) expect(scheduled('restart,kill', seed)).toEqual(inOrder);
  });

  test('of paced faults is in the order in which they are due', () => {
    const due = scheduled('kill@4s, pause*2@3s, restart', 1).map((strike) => strike.replace(/ [\w-]+ /, ' '));
    expect(due.slice(0, NAMES.length)).toEqual(NAMES.map(() => 'restart null'));
    expect(due.slice(NAMES.length)).toEqual(['kill 0', 'pause 0', 'pause 3000', 'kill 4000']);
  });
});

describe('all', () => {
  const engine = (name: Engine['name'], noDataLimit: string | null): Engine =>
    ({ name, whyNoDataLimit: async () => noDataLimit }) as Engine;
  const possible = async (on: Engine, list = 'all') => {
    const said: string[] = [];
    const left = await possibleOn(on, list, faultsNamed(list), (line) => said.push(line));
    return { faults: left.map(({ fault }) => fault.name), said };
  };

  test('is every fault that the engine can do, once', async () => {
    const { faults, said } = await possible(engine('docker', null));
    expect([...faults, 'read-only-remount'].sort()).toEqual(FAULTS.map(({ name }) => name).sort());
    expect(said).toEqual([expect.stringMatching(/^read-only-remount left out: .*EBUSY/)]);
  });

  test('leaves out what needs a volume where none can be limited, and says why', async () => {
    const { faults, said } = await possible(engine('process', 'no root'));
    for (const name of ['fill-disk', 'oom', 'network-disconnect']) {
      expect(faults).not.toContain(name);
      expect(said.some((line) => line.startsWith(`${name} left out: `))).toBe(true);
    }
    expect(faults).toContain('hold-write-lock');
  });

  test('refuses a fault that was named and cannot be done', async () => {
    await expect(possible(engine('process', 'no root'), 'all,fill-disk')).rejects.toMatchObject({
      code: 'FAULT_UNAVAILABLE',
      exitCode: 69,
      message: expect.stringContaining('no root'),
      next: expect.stringContaining('--engine docker'),
    });
  });
});
