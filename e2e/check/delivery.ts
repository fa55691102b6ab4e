import { type Checker, type Evidence, observationsOf } from '../model/evidence.ts';
import type { DeliveryRead } from '../model/observation.ts';
import type { Op } from '../model/op.ts';
import type { ServiceDefinition } from '../model/service.ts';
import type { Finding } from '../model/verdict.ts';
import { broken, conclude, Examples, listed, notExercised, shorten } from './finding.ts';
import { lastHealedMs } from './moments.ts';

const CHECK = 'delivery';

interface Example {
  key: string;
  sent: readonly Op[];
  answers: number;
}

interface Tally {
  owed: number;
  missed: Examples<Example>;
  duplicated: Examples<Example>;
}

const answeredOps = (service: ServiceDefinition): readonly string[] => service.promises?.answered ?? [];

/** Acknowledged ops are owed one answer; one whose reply was lost may have arrived or not; a refused one did not. */
function tallyOf(ops: readonly Op[], read: DeliveryRead): Tally {
  const answers = new Map<string, number>();
  for (const { key, count } of read.answers) answers.set(key, (answers.get(key) ?? 0) + count);
  const opsOfKey = new Map<string, Op[]>();
  for (const op of ops) {
    if (op.key === undefined || op.kind === 'read') continue;
    const known = opsOfKey.get(op.key);
    if (known === undefined) opsOfKey.set(op.key, [op]);
    else known.push(op);
  }
  const tally: Tally = { owed: 0, missed: new Examples<Example>(), duplicated: new Examples<Example>() };
  for (const [key, sent] of opsOfKey) {
    const count = answers.get(key) ?? 0;
    const acknowledged = sent.some((op) => op.outcome === 'ok');
    if (acknowledged) tally.owed++;
    if (acknowledged && count === 0) tally.missed.add({ key, sent: sent.slice(-3), answers: 0 });
  }
  // A key that this traffic did not send may come twice as little as one that it did.
  for (const [key, count] of answers)
    if (count > 1) tally.duplicated.add({ key, sent: (opsOfKey.get(key) ?? []).slice(-3), answers: count }, count);
  return tally;
}

function unanswerable(name: string, ops: readonly Op[], read: DeliveryRead | undefined, evidence: Evidence): Finding[] {
  const guarantee = `Every acknowledged ${name} is answered exactly once`;
  const acknowledged = ops.filter((op) => op.outcome === 'ok');
  if (acknowledged.length === 0) return [notExercised(`${guarantee}: expected acknowledged ones, seen none.`)];
  if (read === undefined) return [notExercised(`${guarantee}: expected a read of all answers, seen none.`)];
  const keyless = acknowledged.filter((op) => op.key === undefined).length;
  if (keyless > 0) return [notExercised(`${guarantee}: expected a key on each, seen ${keyless} without.`)];
  let dueMs = lastHealedMs(evidence);
  for (const op of acknowledged) dueMs = Math.max(dueMs, op.returnedAtMs);
  if (read.atMs >= dueMs) return [];
  return [
    notExercised(
      `${guarantee}: expected the read of answers after the last reply and the last fault at ${dueMs} ms, seen it at ${read.atMs} ms.`,
    ),
  ];
}

function findingsOf(name: string, { owed, missed, duplicated }: Tally, read: DeliveryRead): Finding[] {
  const keys = (examples: Examples<Example>) => listed(examples.list().map(({ key }) => shorten(key)));
  const findings: Finding[] = [];
  if (missed.count > 0)
    findings.push(
      broken(
        'message-missed',
        `Every acknowledged ${name} is answered: expected an answer to each of ${owed} within ${read.waitedMs} ms after the load, seen none to ${missed.count}, such as ${keys(missed)}.`,
        missed,
      ),
    );
  if (duplicated.count > 0)
    findings.push(
      broken(
        'reply-duplicated',
        `Nothing is answered twice: expected one answer to each ${name}, seen more to ${duplicated.count}, such as ${keys(duplicated)}.`,
        duplicated,
      ),
    );
  return findings;
}

/** A message that is stored and never answered is as lost to its sender as one that is not stored. Linear in time. */
export const delivery: Checker = {
  name: CHECK,
  claim: 'Every acknowledged message is answered, and none is answered twice, across kills.',
  appliesTo: (service) => answeredOps(service).length > 0,
  check(evidence) {
    const reads = new Map(observationsOf(evidence, 'delivery-read').map((read) => [read.of, read]));
    const findings: Finding[] = [];
    const figures = { owed: 0, missed: 0, duplicated: 0, waitedMs: 0 };
    for (const name of answeredOps(evidence.service)) {
      const ops = evidence.ops.filter((op) => op.name === name);
      const read = reads.get(name);
      const missing = unanswerable(name, ops, read, evidence);
      findings.push(...missing);
      if (read === undefined || missing.length > 0) continue;
      const tally = tallyOf(ops, read);
      findings.push(...findingsOf(name, tally, read));
      figures.owed += tally.owed;
      figures.missed += tally.missed.count;
      figures.duplicated += tally.duplicated.count;
      figures.waitedMs = Math.max(figures.waitedMs, read.waitedMs);
    }
    return conclude(CHECK, findings, figures);
  },
};
