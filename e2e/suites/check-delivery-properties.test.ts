/**
 * Claim:  `delivery` says of any history what the definition says, and never blames a service that answers each message once.
 * Method: random histories against an oracle that compares every message with every answer; simulated hosts and agents that
 *         are killed between any two steps and take up what they find, with and without a planted fault.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { delivery } from '../check/delivery.ts';
import type { ObservationInput } from '../model/observation.ts';
import type { Op, Outcome } from '../model/op.ts';
import type { CheckResult } from '../model/verdict.ts';
import { history, NOTES } from './evidence-builder.ts';

const KEYS = ['a', 'b', 'c', 'd'] as const;
const END_MS = 10_000;
type Answer = { key: string; count: number };

const anyOp = fc.record({
  name: fc.constantFrom('add-note', 'add-note', 'add-tag'),
  key: fc.constantFrom(...KEYS),
  kind: fc.constantFrom<Op['kind']>('write', 'write', 'update', 'read'),
  outcome: fc.constantFrom<Outcome>('ok', 'ok', 'fail', 'info'),
});

function opsOf(drawn: readonly Pick<Op, 'name' | 'key' | 'kind' | 'outcome'>[]): Op[] {
  return drawn.map((op, index) => ({
    arm: 'subject',
    service: NOTES.name,
    index,
    client: 'one',
    calledAtMs: index,
    returnedAtMs: index,
    ...op,
  }));
}

function judged(ops: readonly Op[], answers: readonly Answer[]): CheckResult {
  const read: ObservationInput = {
    kind: 'delivery-read',
    of: 'add-note',
    answers: [...answers],
    waitedMs: 0,
    deadlineMs: 1,
  };
  return delivery.check(history().at(END_MS).observe(read).as({ ops }).evidence());
}

/** The definition word by word, comparing every message with every answer. */
function oracle(ops: readonly Op[], answers: readonly Answer[]) {
  const messages = ops.filter((op) => op.name === 'add-note' && op.kind !== 'read');
  const keys = [...new Set([...messages.map((op) => op.key), ...answers.map(({ key }) => key)])];
  const countOf = (key: string | undefined) =>
    answers.filter((answer) => answer.key === key).reduce((sum, { count }) => sum + count, 0);
  const isOwed = (key: string | undefined) => messages.some((op) => op.key === key && op.outcome === 'ok');
  return {
    owed: keys.filter(isOwed).length,
    missed: keys.filter((key) => isOwed(key) && countOf(key) === 0).length,
    duplicated: keys.filter((key) => countOf(key) > 1).length,
  };
}

describe('delivery', () => {
  it('agrees with the definition on random histories', () => {
    const anyAnswers = fc.array(
      fc.record({ key: fc.constantFrom(...KEYS, 'ghost'), count: fc.constantFrom(0, 1, 1, 1, 2) }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(fc.array(anyOp, { maxLength: 20 }), anyAnswers, (drawn, answers) => {
        const ops = opsOf(drawn);
        fc.pre(ops.some((op) => op.name === 'add-note' && op.kind !== 'read' && op.outcome === 'ok'));
        const expected = oracle(ops, answers);
        const result = judged(ops, answers);
        expect(result.figures).toMatchObject(expected);
        expect(result.verdict).toBe(expected.missed + expected.duplicated > 0 ? 'fail' : 'pass');
      }),
      { numRuns: 3_000 },
    );
  });
});

/** What survives a kill: rows of messages and replies, and the IPC files between host and agent. */
interface Disk {
  messages: { key: string }[];
  cursor: number;
  input: Set<string>;
  outbox: Set<string>;
  replies: { id: string; key: string }[];
}

/** How a fault of a real module looks in the model. */
interface Faults {
  /** The cursor moves before the message is handed over. */
  cursorFirst?: boolean;
  /** The row of a reply has an id of its own each time its file is handled. */
  freshIds?: boolean;
}

/** The steps of one round, in their order; a kill comes between any two of them. */
function stepsOf(disk: Disk, { cursorFirst = false, freshIds = false }: Faults): (() => void)[] {
  const handOver = (at: number) => () => {
    const message = disk.messages[at];
    if (message !== undefined) disk.input.add(message.key);
  };
  const advance = (at: number) => () => {
    disk.cursor = Math.max(disk.cursor, Math.min(at + 1, disk.messages.length));
  };
  const at = disk.cursor;
  const loop = cursorFirst ? [advance(at), handOver(at)] : [handOver(at), advance(at)];
  const agent = [...disk.input].flatMap((key) => [() => disk.outbox.add(key), () => disk.input.delete(key)]);
  const host = [...disk.outbox].flatMap((key) => [
    () => {
      const id = freshIds ? `${key}-${disk.replies.length}` : key;
      if (!disk.replies.some((reply) => reply.id === id)) disk.replies.push({ id, key });
    },
    () => disk.outbox.delete(key),
  ]);
  return [...loop, ...agent, ...host];
}

/** Messages arrive, rounds are cut off by kills, and at the end rounds run until nothing is left to do. */
function simulate(rounds: readonly { arrives: boolean; outcome: Outcome; killedAfter: number }[], faults: Faults) {
  const disk: Disk = { messages: [], cursor: 0, input: new Set(), outbox: new Set(), replies: [] };
  const ops: Op[] = [];
  for (const [n, { arrives, outcome, killedAfter }] of rounds.entries()) {
    const key = `m${n}`;
    if (arrives) ops.push(...opsOf([{ name: 'add-note', key, kind: 'write', outcome }]));
    // Of the lost replies every second one had been stored.
    if (arrives && (outcome === 'ok' || (outcome === 'info' && n % 2 === 0))) disk.messages.push({ key });
    for (const step of stepsOf(disk, faults).slice(0, killedAfter)) step();
  }
  for (let round = 0; round < 3 * rounds.length + 3; round++) for (const step of stepsOf(disk, faults)) step();
  const counts = new Map<string, number>();
  for (const { key } of disk.replies) counts.set(key, (counts.get(key) ?? 0) + 1);
  return { ops, answers: [...counts].map(([key, count]) => ({ key, count })) };
}

const anyRounds = fc
  .array(
    fc.record({
      arrives: fc.boolean(),
      outcome: fc.constantFrom<Outcome>('ok', 'ok', 'info', 'fail'),
      killedAfter: fc.nat({ max: 12 }),
    }),
    { minLength: 1, maxLength: 15 },
  )
  .filter((rounds) => rounds.some(({ arrives, outcome }) => arrives && outcome === 'ok'));

/** The codes that some of a thousand runs with a planted fault showed. */
function codesUnder(faults: Faults): Set<string> {
  const codes = new Set<string>();
  for (const rounds of fc.sample(anyRounds, { numRuns: 1_000, seed: 7 })) {
    const { ops, answers } = simulate(rounds, faults);
    for (const { code } of judged(ops, answers).findings) codes.add(code);
  }
  return codes;
}

describe('a service that is killed between any two steps', () => {
  it('is never blamed when it hands over first and names replies after their message', () => {
    fc.assert(
      fc.property(anyRounds, (rounds) => {
        const { ops, answers } = simulate(rounds, {});
        expect(judged(ops, answers)).toMatchObject({ verdict: 'pass', findings: [] });
      }),
      { numRuns: 2_000 },
    );
  });

  it('is blamed for missed messages alone when its cursor moves first', () => {
    expect(codesUnder({ cursorFirst: true })).toEqual(new Set(['message-missed']));
  });

  it('is blamed for repeated replies alone when each handling makes a row of its own', () => {
    expect(codesUnder({ freshIds: true })).toEqual(new Set(['reply-duplicated']));
  });
});
