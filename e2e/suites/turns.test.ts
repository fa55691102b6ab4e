/**
 * Claim:  one load at a time has the machine, a stack comes up while the arm before it is read, and no arm waits for one that broke.
 * Method: arms that do nothing but take their turn, step by step, and write down when.
 * Red as: an order of steps that another arm should not have allowed.
 */
import { expect, test } from 'vitest';
import { type HeldTurn, Turns } from '../turns.ts';

interface Told {
  steps: string[];
  /** What an arm waits for. */
  gate(name: string): PromiseWithResolvers<void>;
}

function told(): Told {
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const gate = (name: string) => {
    const known = gates.get(name) ?? Promise.withResolvers<void>();
    gates.set(name, known);
    return known;
  };
  return { steps: [], gate };
}

async function arm(name: string, turn: HeldTurn | undefined, { steps, gate }: Told): Promise<void> {
  try {
    await turn?.mayStart;
    steps.push(`${name} starts`);
    await turn?.mayLoad;
    steps.push(`${name} loads`);
    turn?.loadBegan();
    await gate(`${name} load`).promise;
    turn?.loadEnded();
    steps.push(`${name} is read`);
    await gate(`${name} read`).promise;
    steps.push(`${name} is over`);
  } finally {
    turn?.end();
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a stack starts when the load before it is over, and during the load of controls', async () => {
  const all = told();
  const turns = new Turns('overlapping');
  const [control] = turns.together(1);
  const arms = [arm('control', control, all), arm('a', turns.next(), all), arm('b', turns.next(), all)];
  await settled();
  expect(all.steps).toEqual(['control starts', 'control loads', 'a starts']);
  all.gate('control load').resolve();
  await settled();
  expect(all.steps.splice(0)).toEqual(['control starts', 'control loads', 'a starts', 'control is read']);
  all.gate('control read').resolve();
  await settled();
  expect(all.steps.splice(0)).toEqual(['control is over', 'a loads']);
  all.gate('a load').resolve();
  await settled();
  expect(all.steps.splice(0)).toEqual(['a is read', 'b starts']);
  all.gate('a read').resolve();
  await settled();
  expect(all.steps.splice(0)).toEqual(['a is over', 'b loads']);
  for (const name of ['b load', 'b read']) all.gate(name).resolve();
  await Promise.all(arms);
});

test('of several controls the first load lets a stack start, and the last end lets it load', async () => {
  const all = told();
  const turns = new Turns('overlapping');
  const controls = turns.together(2);
  const slowStart = Promise.withResolvers<void>();
  const slow = slowStart.promise.then(() => arm('slow', controls[1], all));
  const arms = [arm('quick', controls[0], all), slow, arm('a', turns.next(), all)];
  await settled();
  expect(all.steps.splice(0)).toEqual(['quick starts', 'quick loads', 'a starts']);
  for (const name of ['quick load', 'quick read']) all.gate(name).resolve();
  slowStart.resolve();
  await settled();
  expect(all.steps.splice(0)).toEqual(['quick is read', 'quick is over', 'slow starts', 'slow loads']);
  for (const name of ['slow load', 'slow read']) all.gate(name).resolve();
  await settled();
  expect(all.steps.splice(0)).toEqual(['slow is read', 'slow is over', 'a loads']);
  for (const name of ['a load', 'a read']) all.gate(name).resolve();
  await Promise.all(arms);
});

test('apart, an arm starts when the one before is over', async () => {
  const all = told();
  const turns = new Turns('apart');
  const arms = [arm('a', turns.next(), all), arm('b', turns.next(), all)];
  all.gate('a load').resolve();
  await settled();
  expect(all.steps).toEqual(['a starts', 'a loads', 'a is read']);
  all.gate('a read').resolve();
  await settled();
  expect(all.steps.slice(3)).toEqual(['a is over', 'b starts', 'b loads']);
  all.gate('b load').resolve();
  all.gate('b read').resolve();
  await Promise.all(arms);
});

test('an arm that breaks gives its turn back', async () => {
  const all = told();
  const turns = new Turns('overlapping');
  const first = arm('a', turns.next(), all);
  const second = arm('b', turns.next(), all);
  all.gate('a load').reject(new Error('broken'));
  await expect(first).rejects.toThrow('broken');
  await settled();
  expect(all.steps).toEqual(['a starts', 'a loads', 'b starts', 'b loads']);
  all.gate('b load').resolve();
  all.gate('b read').resolve();
  await second;
});
