/** Who was in the way: the holders of a lock in a stretch of time, from samples of the kernel's table. */
import { type Evidence, observationsOf } from '../model/evidence.ts';
import type { LockHeld } from '../model/observation.ts';
import { overlap, type Span, sharedTimeMs } from './fault-reach.ts';
import { shorten } from './finding.ts';

/** Locks that keep others from writing, or from reading at all. */
export const WRITERS = /^(WRITE|RECOVER|CKPT|PENDING|RESERVED|EXCLUSIVE|SHARED)$/;
/** Locks that keep a checkpoint from its work. */
export const CHECKPOINT_HINDRANCES = /^(READ[0-4]|CKPT|RECOVER)$/;

/** A wait of this length is worth a name even where nothing failed. */
export const LONG_WAIT_MS = 1_000;
/** Holders named in a message; the evidence has them too. */
const NAMED = 2;

export interface Holder {
  lock: string;
  process: string;
  pid: number;
  /** The number that the process gives its connection; null where its log does not tell. */
  connection: number | null;
  /** As sampled, so off by one period at either end. */
  seenFromMs: number;
  seenUntilMs: number;
  /** What it did, by its own log; null when it logged nothing of that time. */
  doing: string | null;
  /** The fault that made it hold the lock; null when none did. */
  fault: string | null;
}

export interface Blame {
  kind: 'blame';
  holders: Holder[];
  /** How often the table was looked at in that time. */
  everyMs: number;
}

interface Question {
  span: Span;
  /** The one that waited: its own locks are not what it waits for. */
  waiting: string | null;
  locks: RegExp;
}

/** Null where the table was not looked at, or showed nothing: then nothing is said. The longest in the way comes first. */
export function blameFor(evidence: Evidence, { span, waiting, locks }: Question): Blame | null {
  const [sampled] = observationsOf(evidence, 'locks-sampled');
  if (sampled === undefined || sampled.unseen !== null) return null;
  // A hold is seen from its first sample on, so it may have begun a period sooner.
  const reach = { fromMs: span.fromMs - sampled.periodMs, untilMs: span.untilMs + sampled.periodMs };
  const found = observationsOf(evidence, 'lock-held')
    .filter((held) => locks.test(held.lock) && held.process !== waiting && overlap(spanOf(held), reach))
    .toSorted((a, b) => sharedTimeMs(spanOf(b), reach) - sharedTimeMs(spanOf(a), reach));
  if (found.length === 0) return null;
  const holders = found.slice(0, NAMED).map((held) => holderOf(held, evidence));
  return { kind: 'blame', holders, everyMs: sampled.periodMs };
}

function spanOf({ atMs, untilMs }: LockHeld): Span {
  return { fromMs: atMs, untilMs };
}

function holderOf(held: LockHeld, evidence: Evidence): Holder {
  const { lock, pid, atMs, untilMs } = held;
  const process = held.process ?? held.command;
  const within = spanOf(held);
  const transaction = observationsOf(evidence, 'long-transaction').find(
    (seen) => seen.process === process && overlap({ fromMs: seen.atMs - seen.elapsedMs, untilMs: seen.atMs }, within),
  );
  const last = observationsOf(evidence, 'slow-statement').findLast(
    (seen) => seen.process === process && seen.atMs - seen.elapsedMs <= untilMs,
  );
  const fault = observationsOf(evidence, 'fault').find(
    (seen) => process.includes(seen.fault) && overlap({ fromMs: seen.atMs, untilMs: seen.healedAtMs }, within),
  );
  return {
    lock,
    process,
    pid,
    connection: transaction?.connection ?? null,
    seenFromMs: atMs,
    seenUntilMs: untilMs,
    doing: transaction?.sql ?? last?.sql ?? null,
    fault: fault?.fault ?? null,
  };
}

/** To be added to a message; empty without blame. */
export function blameText(blame: Blame | null): string {
  if (blame === null) return '';
  const told = blame.holders.map(({ lock, process, pid, connection, seenFromMs, seenUntilMs, doing, fault }) => {
    const who = `${shorten(process)} (pid ${pid}${connection === null ? '' : `, connection ${connection}`})`;
    const when = `seen from ${Math.round(seenFromMs)} to ${Math.round(seenUntilMs)} ms of the run`;
    const why = fault === null ? '' : `, as the fault ${fault}`;
    return `${who} had ${lock}, ${when}${why}${doing === null ? '' : `, by its log at "${shorten(doing)}"`}`;
  });
  return ` In the way: ${told.join('; ')}.`;
}

/** The evidence of a finding with who was in the way. */
export function withBlame(evidence: readonly unknown[], blame: Blame | null): unknown[] {
  return blame === null ? [...evidence] : [...evidence, blame];
}
