/**
 * Claim:  what the checkers conclude from ops that come one by one is what they would conclude from all of them at once: figures,
 *         findings, their order and their examples.
 * Method: random histories with keys that are sent, answered and found several times, as sequences that are made anew each time they
 *         are gone through; `writes` and `delivery` against the same rules over Maps that hold everything; all checks in one pass
 *         against each by itself.
 * Red as: another figure, finding or example. Not claimed: the rules themselves (check-writes-properties, check-delivery-properties).
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { delivery } from '../check/delivery.ts';
import { Digest } from '../check/digest.ts';
import { Examples, ensure } from '../check/finding.ts';
import { CHECKERS, judge } from '../check/index.ts';
import { judgeKey } from '../check/key-history.ts';
import { writes } from '../check/writes.ts';
import type { Evidence } from '../model/evidence.ts';
import type { FoundItem } from '../model/observation.ts';
import type { Op, OpKind, Outcome } from '../model/op.ts';
import { goodRun, history, NOTES } from './evidence-builder.ts';

const NAMES = ['add-note', 'set-title'] as const;
const END_MS = 100_000;

const anyKey = fc.oneof(
  fc.constantFrom('a', 'b', 'ก'),
  fc.nat({ max: 40 }).map((n) => `sender-1-${n}`),
);
const anyValue = fc.constantFrom('', '1', '2', 'ข้อความ', 'a longer text of some words');
const anyOp = fc.record({
  name: fc.constantFrom(...NAMES),
  key: fc.option(anyKey, { nil: undefined, freq: 200 }),
  value: fc.option(anyValue, { nil: undefined, freq: 8 }),
  kind: fc.constantFrom<OpKind>('write', 'write', 'update', 'read'),
  outcome: fc.constantFrom<Outcome>('ok', 'ok', 'fail', 'info'),
  client: fc.constantFrom('one', 'two', 'three'),
  tookMs: fc.nat({ max: 6 }),
});
const anyCount = fc.constantFrom(1, 1, 1, 0, 2, 3);
const anyItems = fc.array(fc.record({ key: anyKey, value: anyValue, count: anyCount }), { maxLength: 30 });

/** Made anew each time, as a stream would be: equal objects, never the same. */
function streamed<T extends object>(all: readonly T[]): Iterable<T> {
  return {
    *[Symbol.iterator]() {
      for (const each of all) yield { ...each };
    },
  };
}

const anyHistory = fc
  .record({ drawn: fc.array(anyOp, { maxLength: 80 }), found: fc.tuple(anyItems, anyItems), answers: anyItems })
  .map(({ drawn, found, answers }) => {
    const ops = drawn.map(({ tookMs, key, value, ...op }, index): Op => {
      const sent = { ...(key === undefined ? {} : { key }), ...(value === undefined ? {} : { value }) };
      const times = { calledAtMs: 2 * index, returnedAtMs: 2 * index + tookMs };
      return { arm: 'subject', service: NOTES.name, index, ...op, ...sent, ...times };
    });
    return { ops, reads: new Map(NAMES.map((name, n) => [name as string, found[n] ?? []])), answers };
  });
type Told = typeof anyHistory extends fc.Arbitrary<infer T> ? T : never;

function evidenceOf({ ops, reads, answers }: Told): Evidence {
  const told = history().at(END_MS);
  for (const [of, items] of reads) told.observe({ kind: 'final-read', of, items: streamed(items) });
  told.observe({ kind: 'delivery-read', of: 'add-note', answers: streamed(answers), waitedMs: 0, deadlineMs: 1 });
  return told.as({ ops: streamed(ops) }).evidence();
}

/** Findings of `writes` that tell of faults: code, count and examples, over Maps of everything. */
function faultsByMaps({ ops, reads }: Told): { code: string; count: number; evidence: unknown[] }[] {
  const names = new Set(ops.flatMap(({ kind, name }) => (kind === 'read' ? [] : [name])));
  return [...names].flatMap((name) => {
    const own = ops.filter((op) => op.name === name && op.kind !== 'read');
    const sent = Map.groupBy(
      own.filter(({ key }) => key !== undefined),
      ({ key }) => key as string,
    );
    const found = new Map<string, { value: string; count: number }>();
    for (const { key, value, count } of reads.get(name) ?? [])
      ensure(found, key, () => ({ value, count: 0 })).count += count;
    const faults = new Map<string, Examples<unknown>>();
    const keys = own.some(({ kind }) => kind === 'update') ? sent.keys() : new Set([...sent.keys(), ...found.keys()]);
    for (const key of keys) {
      const ops = sent.get(key) ?? [];
      const code = judgeKey(ops, found.get(key));
      const example = { key, sent: ops.slice(-3), found: found.get(key) ?? null };
      if (code !== null) ensure(faults, code, () => new Examples<unknown>()).add(example, found.get(key)?.count ?? 0);
    }
    return [...faults].map(([code, examples]) => ({ code, count: examples.count, evidence: examples.list() }));
  });
}

/** Null when `delivery` cannot judge. */
function answersByMaps({ ops, answers }: Told): { code: string; count: number; evidence: unknown[] }[] | null {
  const own = ops.filter(({ name }) => name === 'add-note');
  const acknowledged = own.filter(({ outcome }) => outcome === 'ok');
  if (acknowledged.length === 0 || acknowledged.some(({ key }) => key === undefined)) return null;
  const sent = Map.groupBy(
    own.filter(({ key, kind }) => key !== undefined && kind !== 'read'),
    ({ key }) => key as string,
  );
  const counts = new Map<string, number>();
  for (const { key, count } of answers) counts.set(key, (counts.get(key) ?? 0) + count);
  const missed = new Examples<unknown>();
  const duplicated = new Examples<unknown>();
  for (const [key, ops] of sent)
    if (ops.some(({ outcome }) => outcome === 'ok') && (counts.get(key) ?? 0) === 0)
      missed.add({ key, sent: ops.slice(-3), answers: 0 });
  for (const [key, count] of counts)
    if (count > 1) duplicated.add({ key, sent: (sent.get(key) ?? []).slice(-3), answers: count }, count);
  return [
    { code: 'message-missed', count: missed.count, evidence: missed.list() },
    { code: 'reply-duplicated', count: duplicated.count, evidence: duplicated.list() },
  ].filter(({ count }) => count > 0);
}

const toldOf = ({ findings }: ReturnType<typeof writes.check>) =>
  findings
    .filter(({ code }) => code !== 'not-exercised')
    .map(({ code, message, evidence }) => ({
      code,
      count: Number(/ (\d+) keys against/.exec(message)?.[1]),
      evidence,
    }));

describe('ops that come one by one', () => {
  it('are judged by writes as ops that are held, with the same examples', () => {
    fc.assert(
      fc.property(anyHistory, (told) => {
        expect(toldOf(writes.check(evidenceOf(told)))).toEqual(faultsByMaps(told));
      }),
      { numRuns: 2_000 },
    );
  });

  it('are judged by delivery as ops that are held, with the same examples', () => {
    fc.assert(
      fc.property(anyHistory, (told) => {
        const expected = answersByMaps(told);
        fc.pre(expected !== null);
        const { findings, figures } = delivery.check(evidenceOf(told));
        expect(findings.map(({ code, evidence }) => ({ code, evidence }))).toEqual(
          expected?.map(({ code, evidence }) => ({ code, evidence })),
        );
        const countOf = (wanted: string) => expected?.find(({ code }) => code === wanted)?.count ?? 0;
        expect(figures).toMatchObject({ missed: countOf('message-missed'), duplicated: countOf('reply-duplicated') });
      }),
      { numRuns: 2_000 },
    );
  });

  it('are judged by all checks in one pass as by each alone', () => {
    const good = goodRun().evidence();
    let passes = 0;
    const ops: Iterable<Op> = {
      [Symbol.iterator]() {
        passes++;
        return good.ops[Symbol.iterator]();
      },
    };
    const results = judge({ ...good, ops });
    expect(passes).toBe(1);
    expect(results).toEqual(CHECKERS.map((checker) => checker.check(good)));
  });
});

it('a million keys of one shape, and texts that differ little, have digests of their own', () => {
  const digest = new Digest();
  const seen = new Set<bigint>();
  let texts = 0;
  const take = (text: string) => {
    digest.take(text);
    seen.add((BigInt(digest.high) << 32n) | BigInt(digest.low));
    texts++;
  };
  for (let n = 0; n < 250_000; n++) for (const sender of [1, 2, 3, 4]) take(`sender-${sender}-${n}`);
  for (let length = 0; length < 200; length++) take('\0'.repeat(length));
  for (let at = 0; at < 64; at++)
    for (const sign of ['b', 'ก', '\uffff']) take('a'.repeat(at) + sign + 'a'.repeat(63 - at));
  expect(seen.size).toBe(texts);
});

it('each bit of a digest is set for half of the keys', () => {
  const digest = new Digest();
  const set = new Array<number>(64).fill(0);
  for (let n = 0; n < 20_000; n++) {
    digest.take(`sender-1-${n}`);
    for (let bit = 0; bit < 64; bit++)
      set[bit] = (set[bit] ?? 0) + (((bit < 32 ? digest.high : digest.low) >>> (bit & 31)) & 1);
  }
  for (const count of set) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

it('items that are listed again keep the value that was listed first', () => {
  const items: FoundItem[] = [
    { key: 'a', value: 'first', count: 0 },
    { key: 'a', value: 'second', count: 1 },
  ];
  const told = history().ok('add-note', 'a', 'second').observe({ kind: 'final-read', of: 'add-note', items });
  expect(writes.check(told.evidence()).findings).toMatchObject([
    { code: 'unexpected-write', evidence: [{ found: { value: 'first', count: 1 } }] },
  ]);
});
