import { type Evidence, type OpFold, observationsOf } from '../model/evidence.ts';
import type { FinalRead } from '../model/observation.ts';
import type { Op } from '../model/op.ts';
import type { CheckResult, Finding } from '../model/verdict.ts';
import { broken, conclude, ensure, listed, notExercised } from './finding.ts';
import { type Fault, type KeyExample, keyExamples, placeOfUnsent } from './key-examples.ts';
import type { KeyFault } from './key-history.ts';
import { lastHealedMs } from './moments.ts';
import { PlacedExamples } from './placed-examples.ts';
import { streaming } from './streaming.ts';
import { Written } from './written.ts';

const CHECK = 'writes';

/** All writes and updates of one name. */
interface Group {
  name: string;
  written: Written;
  keyless: number;
  acknowledged: number;
  updates: boolean;
  lastReturnedAtMs: number;
}

interface CodedFault extends Fault {
  code: KeyFault;
}

const EXPECTED: Record<KeyFault, string> = {
  'lost-write': 'every acknowledged one to be found with its newest value',
  'duplicate-write': 'each to be found exactly once',
  'unexpected-write': 'only what was sent and not refused',
};

class WritesFold implements OpFold {
  readonly #evidence: Evidence;
  readonly #reads: Map<string, FinalRead>;
  readonly #groups = new Map<string, Group>();
  #place = 0;

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
    this.#reads = new Map(observationsOf(evidence, 'final-read').map((read) => [read.of, read]));
  }

  take(op: Op): void {
    const place = this.#place++;
    if (op.kind === 'read') return;
    const group = this.#groups.get(op.name) ?? ensure(this.#groups, op.name, () => emptyGroup(op.name));
    if (op.kind === 'update') group.updates = true;
    if (op.outcome === 'ok') {
      group.acknowledged++;
      group.lastReturnedAtMs = Math.max(group.lastReturnedAtMs, op.returnedAtMs);
    }
    if (op.key === undefined) group.keyless++;
    else if (this.#reads.has(op.name)) group.written.add(op, op.key, place);
  }

  end(): CheckResult {
    const totals: Record<KeyFault, number> = { 'lost-write': 0, 'duplicate-write': 0, 'unexpected-write': 0 };
    const told: (Finding | CodedFault)[] = [];
    let acknowledged = 0;
    for (const group of this.#groups.values()) {
      const { name, keyless } = group;
      acknowledged += group.acknowledged;
      if (keyless > 0)
        told.push(notExercised(`Writes can be found again: expected a key on each ${name}, seen ${keyless} without.`));
      const read = this.#reads.get(name);
      const unanswered = missing(group, read, this.#evidence);
      told.push(...unanswered);
      if (read !== undefined && unanswered.length === 0) told.push(...faultsOf(group, read));
    }
    const faults = told.filter((each) => 'examples' in each);
    for (const { code, examples } of faults) totals[code] += examples.count;
    const shown = keyExamples(this.#evidence, faults);
    const findings = told.map((each) => ('examples' in each ? findingOf(each, shown.get(each) ?? []) : each));
    if (acknowledged === 0) findings.push(notExercised('No write is lost: expected acknowledged writes, seen none.'));
    return conclude(CHECK, findings, {
      acknowledged,
      lostWrites: totals['lost-write'],
      duplicateWrites: totals['duplicate-write'],
      unexpectedWrites: totals['unexpected-write'],
    });
  }
}

function emptyGroup(name: string): Group {
  return {
    name,
    written: new Written(),
    keyless: 0,
    acknowledged: 0,
    updates: false,
    lastReturnedAtMs: Number.NEGATIVE_INFINITY,
  };
}

/** The faults of one name, in the order of their first examples. */
function faultsOf({ name, written, updates }: Group, read: FinalRead): CodedFault[] {
  const faults = new Map<KeyFault, CodedFault>();
  written.judge(read, (code, count, sentAt, foundAt) => {
    // A key that only ever gets updates existed before; one that nobody created here may be such a key.
    if (updates && sentAt === null) return;
    const { examples } = ensure(faults, code, () => ({ name, code, read, examples: new PlacedExamples() }));
    examples.add(sentAt ?? placeOfUnsent(foundAt ?? 0), count);
  });
  return [...faults.values()].sort((a, b) => a.examples.first - b.examples.first);
}

/** Why a final read cannot answer for the ops of a name; empty when it can. */
function missing({ name, lastReturnedAtMs }: Group, read: FinalRead | undefined, evidence: Evidence): Finding[] {
  const guarantee = `No acknowledged ${name} is lost`;
  if (read === undefined) return [notExercised(`${guarantee}: expected a final read of ${name}, seen none.`)];
  const dueMs = Math.max(lastReturnedAtMs, lastHealedMs(evidence));
  if (read.atMs < dueMs)
    return [
      notExercised(
        `${guarantee}: expected the final read after the last reply and the last fault at ${dueMs} ms, seen it at ${read.atMs} ms.`,
      ),
    ];
  return [];
}

function findingOf({ code, name, examples }: CodedFault, shown: KeyExample[]): Finding {
  const keys = listed(shown.map((example) => example.key));
  const message = `What ${name} acknowledged is kept, once and as sent: expected ${EXPECTED[code]}, seen ${examples.count} keys against it, such as ${keys}.`;
  return broken(code, message, shown);
}

/** Acknowledged ops against the final read. Linear in time and memory, of which a key takes less than 100 bytes. */
export const writes = streaming({
  name: CHECK,
  claim: 'Every acknowledged write is found again exactly once, and nothing is found that was not sent.',
  begin: (evidence) => new WritesFold(evidence),
});
