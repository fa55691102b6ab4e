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
  const lives: ProcessLife[] = [];
  const living = new Map<string, ProcessLife>();
  for (const event of lifeEvents(evidence)) {
    const current = living.get(event.process);
    if (current !== undefined) current.endedAtMs = event.atMs;
    if (event.kind === 'process-exited') {
      if (current !== undefined) current.exit = event;
      living.delete(event.process);
      continue;
    }
    const { process, incarnation, atMs } = event;
    const life: ProcessLife = {
      process,
      incarnation,
      startedAtMs: atMs,
      endedAtMs: Number.POSITIVE_INFINITY,
      exit: null,
    };
    lives.push(life);
    living.set(process, life);
  }
  return lives;
}

export function downtimes(evidence: Evidence): Downtime[] {
  const found: { fromMs: number; untilMs: number; exits: ProcessExited[] }[] = [];
  const living = new Set<string>();
  const lastExit = new Map<string, ProcessExited>();
  for (const event of lifeEvents(evidence)) {
    if (event.kind === 'process-started') {
      const current = found.at(-1);
      if (living.size === 0 && current !== undefined) current.untilMs = event.atMs;
      living.add(event.process);
      lastExit.delete(event.process);
    } else {
      lastExit.set(event.process, event);
      if (living.delete(event.process) && living.size === 0)
        found.push({ fromMs: event.atMs, untilMs: Number.POSITIVE_INFINITY, exits: [...lastExit.values()] });
    }
  }
  return found;
}
