import { type Evidence, type OpFold, observationsOf } from '../model/evidence.ts';
import type { DeliveryRead } from '../model/observation.ts';
import type { Op } from '../model/op.ts';
import type { ServiceDefinition } from '../model/service.ts';
import type { CheckResult, Finding } from '../model/verdict.ts';
import { broken, conclude, listed, notExercised, shorten } from './finding.ts';
import { eachKey, NO_ROW, Side } from './key-groups.ts';
import { KeyRows } from './key-rows.ts';
import { lastHealedMs } from './moments.ts';
import { PlacedExamples } from './placed-examples.ts';
import { SentOps } from './sent-ops.ts';
import { streaming } from './streaming.ts';

const CHECK = 'delivery';

interface Example {
  key: string;
  sent: readonly Op[];
  answers: number;
}

const answeredOps = (service: ServiceDefinition): readonly string[] => service.promises?.answered ?? [];

/** All ops of one name that are owed an answer, if they were acknowledged. */
interface Owed {
  name: string;
  /** Of those that have a key and are no read: whether it was acknowledged. */
  rows: KeyRows;
  acknowledged: number;
  keyless: number;
  lastReturnedAtMs: number;
}

const ACKNOWLEDGED = 1;

interface Tally {
  owed: number;
  /** Places of first ops. */
  missed: PlacedExamples;
  /** Places in the read. */
  duplicated: PlacedExamples;
}

/** Acknowledged ops are owed one answer; one whose reply was lost may have arrived or not; a refused one did not. */
function tallyOf({ rows }: Owed, read: DeliveryRead): Tally {
  const answerRows = new KeyRows(1);
  let place = 0;
  for (const { key, count } of read.answers) answerRows.add(key, place++, 0, count);
  const sent = new Side(rows);
  const answers = new Side(answerRows);
  const tally: Tally = { owed: 0, missed: new PlacedExamples(), duplicated: new PlacedExamples() };
  eachKey(sent, answers, (sentRow, answerRow) => {
    let count = 0;
    for (let row = answerRow; row !== NO_ROW; row = answers.next[row] as number) count += answers.number(row, 0);
    let acknowledged = false;
    for (let row = sentRow; row !== NO_ROW; row = sent.next[row] as number)
      if (sent.tag(row) === ACKNOWLEDGED) acknowledged = true;
    if (acknowledged) tally.owed++;
    if (acknowledged && count === 0) tally.missed.add(sent.place(sentRow));
    // A key that this traffic did not send may come twice as little as one that it did.
    if (count > 1) tally.duplicated.add(answers.place(answerRow), count);
  });
  return tally;
}

/** The records that prove a tally, from a second pass over ops and answers; without a fault there is none. */
function examplesOf(name: string, { missed, duplicated }: Tally, read: DeliveryRead, evidence: Evidence) {
  if (missed.count + duplicated.count === 0) return { missed: [], duplicated: [] };
  const sent = new SentOps();
  const places = new Set(duplicated.places());
  const keyAt = new Map<number, string>();
  const counts = new Map<string, number>();
  let place = 0;
  for (const { key, count } of read.answers) {
    const here = place++;
    if (places.has(here)) {
      keyAt.set(here, key);
      sent.wantKey(name, key);
    }
    if (places.has(here) || counts.has(key)) counts.set(key, (counts.get(key) ?? 0) + count);
  }
  for (const first of missed.places()) sent.wantPlace(first);
  sent.find(evidence.ops);
  const exampleOf = (key: string, answers: number): Example => ({ key, sent: sent.of(name, key), answers });
  return {
    missed: missed.places().map((first) => exampleOf(sent.keyAt(first), 0)),
    duplicated: duplicated.places().map((first) => {
      const key = keyAt.get(first) ?? '';
      return exampleOf(key, counts.get(key) ?? 0);
    }),
  };
}

function unanswerable(owed: Owed, read: DeliveryRead | undefined, evidence: Evidence): Finding[] {
  const { name, acknowledged, keyless } = owed;
  const guarantee = `Every acknowledged ${name} is answered exactly once`;
  if (acknowledged === 0) return [notExercised(`${guarantee}: expected acknowledged ones, seen none.`)];
  if (read === undefined) return [notExercised(`${guarantee}: expected a read of all answers, seen none.`)];
  if (keyless > 0) return [notExercised(`${guarantee}: expected a key on each, seen ${keyless} without.`)];
  const dueMs = Math.max(lastHealedMs(evidence), owed.lastReturnedAtMs);
  if (read.atMs >= dueMs) return [];
  return [
    notExercised(
      `${guarantee}: expected the read of answers after the last reply and the last fault at ${dueMs} ms, seen it at ${read.atMs} ms.`,
    ),
  ];
}

function findingsOf(name: string, tally: Tally, read: DeliveryRead, evidence: Evidence): Finding[] {
  const { owed, missed, duplicated } = tally;
  const examples = examplesOf(name, tally, read, evidence);
  const keys = (of: readonly Example[]) => listed(of.map(({ key }) => shorten(key)));
  const findings: Finding[] = [];
  if (missed.count > 0)
    findings.push(
      broken(
        'message-missed',
        `Every acknowledged ${name} is answered: expected an answer to each of ${owed} within ${read.waitedMs} ms after the load, seen none to ${missed.count}, such as ${keys(examples.missed)}.`,
        examples.missed,
      ),
    );
  if (duplicated.count > 0)
    findings.push(
      broken(
        'reply-duplicated',
        `Nothing is answered twice: expected one answer to each ${name}, seen more to ${duplicated.count}, such as ${keys(examples.duplicated)}.`,
        examples.duplicated,
      ),
    );
  return findings;
}

class DeliveryFold implements OpFold {
  readonly #evidence: Evidence;
  readonly #owed = new Map<string, Owed>();
  #place = 0;

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
    for (const name of answeredOps(evidence.service))
      this.#owed.set(name, {
        name,
        rows: new KeyRows(0),
        acknowledged: 0,
        keyless: 0,
        lastReturnedAtMs: Number.NEGATIVE_INFINITY,
      });
  }

  take(op: Op): void {
    const place = this.#place++;
    const owed = this.#owed.get(op.name);
    if (owed === undefined) return;
    const isOk = op.outcome === 'ok';
    if (isOk) {
      owed.acknowledged++;
      owed.lastReturnedAtMs = Math.max(owed.lastReturnedAtMs, op.returnedAtMs);
      if (op.key === undefined) owed.keyless++;
    }
    if (op.key !== undefined && op.kind !== 'read') owed.rows.add(op.key, place, isOk ? ACKNOWLEDGED : 0);
  }

  end(): CheckResult {
    const reads = new Map(observationsOf(this.#evidence, 'delivery-read').map((read) => [read.of, read]));
    const findings: Finding[] = [];
    const figures = { owed: 0, missed: 0, duplicated: 0, waitedMs: 0 };
    for (const owed of this.#owed.values()) {
      const read = reads.get(owed.name);
      const missing = unanswerable(owed, read, this.#evidence);
      findings.push(...missing);
      if (read === undefined || missing.length > 0) continue;
      const tally = tallyOf(owed, read);
      findings.push(...findingsOf(owed.name, tally, read, this.#evidence));
      figures.owed += tally.owed;
      figures.missed += tally.missed.count;
      figures.duplicated += tally.duplicated.count;
      figures.waitedMs = Math.max(figures.waitedMs, read.waitedMs);
    }
    return conclude(CHECK, findings, figures);
  }
}

/** A message that is stored and never answered is as lost to its sender as one that is not stored. Linear in time. */
export const delivery = streaming({
  name: CHECK,
  claim: 'Every acknowledged message is answered, and none is answered twice, across kills.',
  appliesTo: (service) => answeredOps(service).length > 0,
  begin: (evidence) => new DeliveryFold(evidence),
});
