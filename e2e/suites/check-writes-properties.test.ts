/**
 * Claim:  `writes` says of any history what the definition says, and never blames a service that keeps its word.
 * Method: random histories against an oracle that compares every op with every other; simulated services that apply each
 *         op at some moment that its outcome allows, with and without a planted fault.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writes } from '../check/writes.ts';
import type { Evidence } from '../model/evidence.ts';
import type { Op, OpKind, Outcome } from '../model/op.ts';
import { type History, history, NOTES } from './evidence-builder.ts';

const NAMES = ['put', 'add'] as const;
const KEYS = ['a', 'b', 'c'] as const;
const VALUES = ['1', '2', '3'] as const;
const CLIENTS = ['one', 'two'] as const;
/** Later than any op of a random history. */
const END_MS = 10_000;

const anyOp = fc.record({
  name: fc.constantFrom(...NAMES),
  key: fc.constantFrom(...KEYS),
  value: fc.option(fc.constantFrom(...VALUES), { nil: undefined, freq: 8 }),
  kind: fc.constantFrom<OpKind>('write', 'update', 'read'),
  outcome: fc.constantFrom<Outcome>('ok', 'ok', 'fail', 'info'),
  client: fc.constantFrom(...CLIENTS),
  pauseMs: fc.nat({ max: 3 }),
  tookMs: fc.nat({ max: 6 }),
});
type Drawn = Omit<Op, 'arm' | 'service' | 'index' | 'calledAtMs' | 'returnedAtMs' | 'value'> & {
  value?: string | undefined;
  pauseMs: number;
  tookMs: number;
};

/** Calls of one client never overlap; those of two clients do. */
function opsOf(drawn: readonly Drawn[]): Op[] {
  const freeAtMs = new Map<string, number>();
  const ops = drawn.map(({ pauseMs, tookMs, value, ...op }) => {
    const calledAtMs = (freeAtMs.get(op.client) ?? 0) + pauseMs;
    freeAtMs.set(op.client, calledAtMs + tookMs);
    const returnedAtMs = calledAtMs + tookMs;
    return { ...op, ...(value === undefined ? {} : { value }), calledAtMs, returnedAtMs };
  });
  return ops
    .toSorted((a, b) => a.calledAtMs - b.calledAtMs)
    .map((op, index) => ({ arm: 'subject', service: NOTES.name, index, ...op }));
}

const anyFound = fc.array(
  fc.record({
    name: fc.constantFrom(...NAMES),
    key: fc.constantFrom(...KEYS, 'ghost'),
    value: fc.constantFrom(...VALUES, '9'),
    count: fc.constantFrom(1, 1, 1, 0, 2),
  }),
  { maxLength: 6 },
);
type Found = { name: string; key: string; value: string; count: number };

function evidenceOf(ops: readonly Op[], found: readonly Found[]): Evidence {
  const told: History = history().at(END_MS);
  for (const name of NAMES)
    told.observe({
      kind: 'final-read',
      of: name,
      items: found.filter((item) => item.name === name).map(({ key, value, count }) => ({ key, value, count })),
    });
  return told.as({ ops }).evidence();
}

/** The definition word by word, comparing every op with every other; no care for speed. */
function oracle(ops: readonly Op[], found: readonly Found[]): Record<string, number> {
  const faults = { lostWrites: 0, duplicateWrites: 0, unexpectedWrites: 0 };
  for (const name of NAMES) {
    const ofName = ops.filter((op) => op.name === name && op.kind !== 'read');
    if (ofName.length === 0) continue;
    const keys = new Set([...ofName.map((op) => op.key), ...found.filter((f) => f.name === name).map((f) => f.key)]);
    for (const key of keys) {
      const own = ofName.filter((op) => op.key === key);
      const items = found.filter((item) => item.name === name && item.key === key);
      const count = items.reduce((sum, item) => sum + item.count, 0);
      const anyUpdate = ofName.some((op) => op.kind === 'update');
      if (count === 0) {
        if (own.some((op) => op.outcome === 'ok')) faults.lostWrites++;
      } else if (count > 1) {
        if (own.length > 0 || !anyUpdate) faults.duplicateWrites++;
      } else if (own.length === 0) {
        if (!anyUpdate) faults.unexpectedWrites++;
      } else if (own.some((op) => op.kind === 'write') || own.some((op) => op.outcome === 'ok')) {
        judgeValue(own, items[0]?.value, faults);
      }
    }
  }
  return faults;
}

function judgeValue(own: readonly Op[], value: string | undefined, faults: Record<string, number>): void {
  const senders = own.filter((op) => op.outcome !== 'fail' && (op.value === undefined || op.value === value));
  const writesOnly = own.every((op) => op.kind === 'write');
  const certainlyReplaced = (op: Op): boolean =>
    op.outcome === 'ok' &&
    own.some(
      (later) =>
        later.outcome === 'ok' &&
        (later.calledAtMs > op.returnedAtMs || (later.client === op.client && later.index > op.index)),
    );
  if (senders.length === 0) faults['unexpectedWrites'] = (faults['unexpectedWrites'] ?? 0) + 1;
  else if (!writesOnly && senders.every(certainlyReplaced)) faults['lostWrites'] = (faults['lostWrites'] ?? 0) + 1;
}

describe('writes', () => {
  it('agrees with the definition on random histories', () => {
    fc.assert(
      fc.property(fc.array(anyOp, { maxLength: 25 }), anyFound, (drawn, found) => {
        const ops = opsOf(drawn);
        const result = writes.check(evidenceOf(ops, found));
        const expected = oracle(ops, found);
        expect(result.figures).toMatchObject(expected);
        const broken = Object.values(expected).some((count) => count > 0);
        expect(result.verdict === 'fail').toBe(broken);
      }),
      { numRuns: 3_000 },
    );
  });

  it('agrees with the definition whatever the order of the ops of different keys', () => {
    fc.assert(
      fc.property(fc.array(anyOp, { maxLength: 15 }), anyFound, (drawn, found) => {
        const ops = opsOf(drawn);
        const sorted = ops.toSorted((a, b) => (a.key ?? '').localeCompare(b.key ?? ''));
        expect(writes.check(evidenceOf(sorted, found)).figures).toEqual(writes.check(evidenceOf(ops, found)).figures);
      }),
    );
  });
});

/** Where in its time an op takes effect: a share of it; what a lost reply hid may happen later, or never. */
const anyMoment = fc.record({
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  lateMs: fc.nat({ max: 50 }),
  happens: fc.boolean(),
});

/** Ops under keys and values of their own, each applied at a moment that its outcome allows. */
const anyHonestRun = fc.array(fc.tuple(anyOp, anyMoment), { minLength: 1, maxLength: 25 }).map((drawn) => {
  const moments = new Map(drawn.map(([op, moment], i) => [`v${i}`, { op, moment }]));
  const ops = opsOf(drawn.map(([op], i) => ({ ...op, value: `v${i}`, kind: op.name === 'put' ? 'update' : 'write' })));
  // `add` creates, each under a key of its own; `put` changes keys that were there before.
  const named = ops.map((op): Op => (op.name === 'add' ? { ...op, key: `new-${op.index}` } : op));
  const applied = named
    .flatMap((op) => {
      const moment = moments.get(op.value ?? '')?.moment;
      if (moment === undefined || op.outcome === 'fail' || (op.outcome === 'info' && !moment.happens)) return [];
      const tookMs = op.returnedAtMs - op.calledAtMs;
      const atMs = op.calledAtMs + tookMs * moment.share + (op.outcome === 'info' ? moment.lateMs : 0);
      return [{ op, atMs }];
    })
    .toSorted((a, b) => a.atMs - b.atMs || a.op.index - b.op.index);
  const state = new Map<string, Found>(
    KEYS.map((key) => [`put ${key}`, { name: 'put', key, value: 'before', count: 1 }]),
  );
  for (const { op } of applied)
    state.set(`${op.name} ${op.key}`, { name: op.name, key: op.key ?? '', value: op.value ?? '', count: 1 });
  return { ops: named, found: [...state.values()] };
});

describe('a service that keeps its word', () => {
  it('is never blamed', () => {
    fc.assert(
      fc.property(anyHonestRun, ({ ops, found }) => {
        expect(writes.check(evidenceOf(ops, found)).verdict).not.toBe('fail');
      }),
      { numRuns: 2_000 },
    );
  });

  it('is blamed for one acknowledged write that is taken away', () => {
    fc.assert(
      fc.property(anyHonestRun, fc.nat(), ({ ops, found }, nth) => {
        const acknowledged = ops.filter((op) => op.name === 'add' && op.outcome === 'ok');
        fc.pre(acknowledged.length > 0);
        const lost = acknowledged[nth % acknowledged.length];
        const result = writes.check(
          evidenceOf(
            ops,
            found.filter((item) => item.key !== lost?.key),
          ),
        );
        expect(result.findings.map((finding) => finding.code)).toEqual(['lost-write']);
        expect(result.figures).toMatchObject({ lostWrites: 1 });
        expect(result.findings[0]?.evidence).toMatchObject([{ key: lost?.key }]);
      }),
    );
  });

  it('is blamed for one key that it returns twice', () => {
    fc.assert(
      fc.property(anyHonestRun, fc.nat(), ({ ops, found }, nth) => {
        const added = found.filter((item) => item.name === 'add');
        fc.pre(added.length > 0);
        const twice = added[nth % added.length];
        const doubled = found.map((item) => (item === twice ? { ...item, count: 2 } : item));
        expect(writes.check(evidenceOf(ops, doubled)).findings[0]?.code).toBe('duplicate-write');
      }),
    );
  });
});
