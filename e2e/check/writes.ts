import { type Checker, type Evidence, observationsOf } from '../model/evidence.ts';
import type { FinalRead } from '../model/observation.ts';
import type { Op } from '../model/op.ts';
import type { Finding } from '../model/verdict.ts';
import { broken, conclude, Examples, ensure, listed, notExercised, shorten } from './finding.ts';
import { type FoundKey, judgeKey, type KeyFault } from './key-history.ts';
import { lastHealedMs } from './moments.ts';

const CHECK = 'writes';
const NO_OPS: readonly Op[] = [];

/** All writes and updates of one name. */
interface Written {
  name: string;
  /** One op is kept bare: most keys have a single one, and a run has a million. */
  opsOfKey: Map<string, Op | Op[]>;
  keyless: number;
  acknowledged: number;
  updates: boolean;
  lastReturnedAtMs: number;
}

const EXPECTED: Record<KeyFault, string> = {
  'lost-write': 'every acknowledged one to be found with its newest value',
  'duplicate-write': 'each to be found exactly once',
  'unexpected-write': 'only what was sent and not refused',
};

function writtenByName(ops: readonly Op[]): Map<string, Written> {
  const groups = new Map<string, Written>();
  for (const op of ops) {
    if (op.kind === 'read') continue;
    const group = ensure(groups, op.name, () => ({
      name: op.name,
      opsOfKey: new Map<string, Op | Op[]>(),
      keyless: 0,
      acknowledged: 0,
      updates: false,
      lastReturnedAtMs: Number.NEGATIVE_INFINITY,
    }));
    if (op.kind === 'update') group.updates = true;
    if (op.outcome === 'ok') {
      group.acknowledged++;
      group.lastReturnedAtMs = Math.max(group.lastReturnedAtMs, op.returnedAtMs);
    }
    if (op.key === undefined) {
      group.keyless++;
      continue;
    }
    const known = group.opsOfKey.get(op.key);
    if (known === undefined) group.opsOfKey.set(op.key, op);
    else if (Array.isArray(known)) known.push(op);
    else group.opsOfKey.set(op.key, [known, op]);
  }
  return groups;
}

function foundKeys(read: FinalRead): Map<string, FoundKey> {
  const found = new Map<string, FoundKey>();
  for (const { key, value, count } of read.items) {
    const known = found.get(key);
    if (known === undefined) found.set(key, { value, count });
    else known.count += count;
  }
  return found;
}

/** The faults of one name, by code. */
function compare(written: Written, read: FinalRead): Map<KeyFault, Examples<KeyExample>> {
  const faults = new Map<KeyFault, Examples<KeyExample>>();
  const found = foundKeys(read);
  const note = (key: string, ops: readonly Op[]): void => {
    const seen = found.get(key);
    const fault = judgeKey(ops, seen);
    if (fault !== null)
      ensure(faults, fault, () => new Examples<KeyExample>()).add(exampleOf(key, ops, seen), seen?.count ?? 0);
  };
  for (const [key, ops] of written.opsOfKey) note(key, Array.isArray(ops) ? ops : [ops]);
  // A key that only ever gets updates existed before; one that nobody created here may be such a key.
  if (!written.updates) for (const key of found.keys()) if (!written.opsOfKey.has(key)) note(key, NO_OPS);
  return faults;
}

interface KeyExample {
  key: string;
  /** The ops of the key that ended last, at most three. */
  sent: readonly Op[];
  found: FoundKey | null;
}

function exampleOf(key: string, ops: readonly Op[], found: FoundKey | undefined): KeyExample {
  return { key, sent: ops.slice(-3), found: found === undefined ? null : { ...found, value: shorten(found.value) } };
}

/** Why a final read cannot answer for the ops of a name; empty when it can. */
function missing(written: Written, read: FinalRead | undefined, evidence: Evidence): Finding[] {
  const guarantee = `No acknowledged ${written.name} is lost`;
  if (read === undefined) return [notExercised(`${guarantee}: expected a final read of ${written.name}, seen none.`)];
  const dueMs = Math.max(written.lastReturnedAtMs, lastHealedMs(evidence));
  if (read.atMs < dueMs)
    return [
      notExercised(
        `${guarantee}: expected the final read after the last reply and the last fault at ${dueMs} ms, seen it at ${read.atMs} ms.`,
      ),
    ];
  return [];
}

function findingOf(code: KeyFault, name: string, examples: Examples<KeyExample>): Finding {
  const keys = listed(examples.list().map((example) => example.key));
  const message = `What ${name} acknowledged is kept, once and as sent: expected ${EXPECTED[code]}, seen ${examples.count} keys against it, such as ${keys}.`;
  return broken(code, message, examples);
}

/** Acknowledged ops against the final read. Linear in time and memory. */
export const writes: Checker = {
  name: CHECK,
  claim: 'Every acknowledged write is found again exactly once, and nothing is found that was not sent.',
  check(evidence) {
    const reads = new Map(observationsOf(evidence, 'final-read').map((read) => [read.of, read]));
    const findings: Finding[] = [];
    const totals: Record<KeyFault, number> = { 'lost-write': 0, 'duplicate-write': 0, 'unexpected-write': 0 };
    let acknowledged = 0;
    for (const written of writtenByName(evidence.ops).values()) {
      const { name, keyless } = written;
      acknowledged += written.acknowledged;
      if (keyless > 0)
        findings.push(
          notExercised(`Writes can be found again: expected a key on each ${name}, seen ${keyless} without.`),
        );
      const read = reads.get(name);
      const unanswered = missing(written, read, evidence);
      findings.push(...unanswered);
      if (read === undefined || unanswered.length > 0) continue;
      for (const [code, examples] of compare(written, read)) {
        findings.push(findingOf(code, name, examples));
        totals[code] += examples.count;
      }
    }
    if (acknowledged === 0) findings.push(notExercised('No write is lost: expected acknowledged writes, seen none.'));
    return conclude(CHECK, findings, {
      acknowledged,
      lostWrites: totals['lost-write'],
      duplicateWrites: totals['duplicate-write'],
      unexpectedWrites: totals['unexpected-write'],
    });
  },
};
