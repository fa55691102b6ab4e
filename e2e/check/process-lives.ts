import type { Evidence } from '../model/evidence.ts';
import type { ProcessExited, ProcessStarted } from '../model/observation.ts';

/** One incarnation of a process, from its start to its end. */
export interface ProcessLife {
  process: string;
  incarnation: number;
  startedAtMs: number;
  /** Infinity while it lives. */
  endedAtMs: number;
  /** How it ended; null while it lives, and when only the next start shows that it ended. */
  exit: ProcessExited | null;
}

/** A time in which no process of the service ran. */
export interface Downtime {
  fromMs: number;
  /** Infinity when nothing was started any more. */
  untilMs: number;
  /** How the last incarnation of each process had ended. */
  exits: readonly ProcessExited[];
}

/** Starts and exits in the order of time; of the same millisecond, in the order they were recorded. */
function lifeEvents(evidence: Evidence): (ProcessStarted | ProcessExited)[] {
  return evidence.observations
    .filter((seen) => seen.kind === 'process-started' || seen.kind === 'process-exited')
    .toSorted((a, b) => a.atMs - b.atMs);
}

export function processLives(evidence: Evidence): ProcessLife[] {
  return [...new Set(livesByEvent(evidence).values())];
}

/** The life that each start began and each exit ended, in the order of time. */
function livesByEvent(evidence: Evidence): Map<ProcessStarted | ProcessExited, ProcessLife> {
  const events = lifeEvents(evidence);
  const exits = new Set(events.filter((event) => event.kind === 'process-exited').map(nameOf));
  const lives = new Map<ProcessStarted | ProcessExited, ProcessLife>();
  const living = new Map<string, ProcessLife[]>();
  for (const event of events) {
    const own = living.get(event.process) ?? [];
    if (event.kind === 'process-exited') {
      // In a rolling restart two live at once.
      const ended = own.find((life) => event.incarnation === life.incarnation);
      if (ended === undefined) continue;
      Object.assign(ended, { endedAtMs: event.atMs, exit: event });
      lives.set(event, ended);
      living.set(event.process, without(own, ended));
      continue;
    }
    const { process, incarnation, atMs: startedAtMs } = event;
    const life: ProcessLife = { process, incarnation, startedAtMs, endedAtMs: Number.POSITIVE_INFINITY, exit: null };
    // One whose exit was never seen had ended by then.
    const older = own.filter((each) => exits.has(nameOf(each)));
    for (const each of own) if (!older.includes(each)) each.endedAtMs = startedAtMs;
    lives.set(event, life);
    living.set(process, [...older, life]);
  }
  return lives;
}

function nameOf({ process, incarnation }: { process: string; incarnation: number }): string {
  return `${process} ${incarnation}`;
}

function without<T>(items: readonly T[], gone: T): T[] {
  return items.filter((item) => item !== gone);
}

export function downtimes(evidence: Evidence): Downtime[] {
  const found: { fromMs: number; untilMs: number; exits: ProcessExited[] }[] = [];
  const living = new Map<string, Set<ProcessLife>>();
  const lastExit = new Map<string, ProcessExited>();
  for (const [event, life] of livesByEvent(evidence)) {
    const own = living.get(event.process) ?? new Set();
    if (event.kind === 'process-started') {
      const current = found.at(-1);
      if (living.size === 0 && current !== undefined) current.untilMs = event.atMs;
      living.set(event.process, own.add(life));
      lastExit.delete(event.process);
      continue;
    }
    // The end of an older incarnation may be told last.
    if (event.incarnation >= (lastExit.get(event.process)?.incarnation ?? 0)) lastExit.set(event.process, event);
    own.delete(life);
    for (const each of own) if (each.endedAtMs <= event.atMs) own.delete(each);
    if (own.size > 0 || !living.delete(event.process) || living.size > 0) continue;
    found.push({ fromMs: event.atMs, untilMs: Number.POSITIVE_INFINITY, exits: [...lastExit.values()] });
  }
  return found;
}
