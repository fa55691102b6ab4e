import { unsafeUniformIntDistribution, xoroshiro128plus } from 'pure-rand';
import { WalproofError } from '../model/errors.ts';
import type { Fault, FaultStep } from '../model/scenario.ts';
import type { ProcessDefinition } from '../model/service.ts';

/** One fault on one target. */
export interface Strike {
  fault: Fault;
  target: string;
  /** Not before this time since the first paced strike; null is as soon as the traffic has settled. */
  dueMs: number | null;
}

/** Keeps the faults' stream of chance apart from those of the clients, which use the same seed. */
const STREAM = 0x5bd1e995;

/** The fault once on each of its targets, in turn. */
export function inTurn(fault: Fault): FaultStep {
  return { fault, times: null, everyMs: null };
}

/** The fault so many times, on targets drawn from the seed. */
export function times(count: number, of: Fault | FaultStep): FaultStep {
  return { ...stepOf(of), times: count };
}

/** The fault at this distance, on targets drawn from the seed; without `times` all through the run. */
export function every(everyMs: number, of: Fault | FaultStep): FaultStep {
  return { ...stepOf(of), everyMs };
}

function stepOf(of: Fault | FaultStep): FaultStep {
  return 'fault' in of ? of : inTurn(of);
}

/**
 * What strikes what, and when: a function of its arguments alone. First the faults in turn, then those with `times` in an
 * order drawn from the seed; then the paced ones, each when it is due.
 */
export function schedule(
  steps: readonly FaultStep[],
  processes: readonly ProcessDefinition[],
  seed: number,
  durationMs: number,
): Strike[] {
  refuseTooLong(steps, durationMs);
  const generator = xoroshiro128plus(seed ^ STREAM);
  const below = (count: number): number => unsafeUniformIntDistribution(0, count - 1, generator);
  const turns: Strike[] = [];
  const drawn: Strike[] = [];
  const paced: (Strike & { dueMs: number })[] = [];
  for (const { fault, times: count, everyMs } of steps) {
    const targets = targetsOf(fault, processes);
    if (count === null && everyMs === null) turns.push(...targets.map((target) => ({ fault, target, dueMs: null })));
    for (let n = 0; n < countOf(count, everyMs, durationMs); n++) {
      const target = targets[below(targets.length)];
      if (target === undefined) break;
      if (everyMs === null) drawn.push({ fault, target, dueMs: null });
      else paced.push({ fault, target, dueMs: n * everyMs });
    }
  }
  return [...turns, ...shuffled(drawn, below), ...paced.toSorted((a, b) => a.dueMs - b.dueMs)];
}

function targetsOf(fault: Fault, processes: readonly ProcessDefinition[]): readonly string[] {
  return fault.targets?.(processes) ?? processes.map(({ name }) => name);
}

function countOf(count: number | null, everyMs: number | null, durationMs: number): number {
  if (count !== null) return count;
  return everyMs === null ? 0 : Math.floor(durationMs / everyMs);
}

/** Fisher and Yates. */
function shuffled<T>(items: readonly T[], below: (count: number) => number): T[] {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = below(last + 1);
    [mixed[last], mixed[other]] = [mixed[other] as T, mixed[last] as T];
  }
  return mixed;
}

/** Throws FAULT_SCHEDULE when a paced fault would strike beyond the end of the traffic. */
export function refuseTooLong(steps: readonly FaultStep[], durationMs: number): void {
  for (const { fault, times: count, everyMs } of steps) {
    const lengthMs = (count ?? 1) * (everyMs ?? 0);
    if (lengthMs <= durationMs) continue;
    throw new WalproofError(
      'FAULT_SCHEDULE',
      `expected the schedule of ${fault.name} to fit into ${durationMs} ms of traffic, but ${count ?? 1} × ${everyMs} ms are ${lengthMs} ms`,
      `run longer (--duration ${Math.ceil(lengthMs / 1_000)}s), or strike less often`,
    );
  }
}
