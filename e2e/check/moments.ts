import { type Evidence, observationsOf } from '../model/evidence.ts';

/** The greatest of any number of values (spreading them into Math.max overflows the stack); `least` when there are none. */
export function greatest(values: Iterable<number>, least = Number.NEGATIVE_INFINITY): number {
  let found = least;
  for (const value of values) if (value > found) found = value;
  return found;
}

/**
 * When the last fault that took effect had healed, in ms since the start of the run; -Infinity without one. Evidence that
 * is older says nothing about what the fault did.
 */
export function lastHealedMs(evidence: Evidence): number {
  const effective = observationsOf(evidence, 'fault').filter((fault) => fault.tookEffect);
  return greatest(effective.map((fault) => fault.healedAtMs));
}

/** When the last traffic ended, in ms since the start of the run; -Infinity without any. */
export function trafficEndedMs(evidence: Evidence): number {
  return greatest(observationsOf(evidence, 'traffic').map((window) => window.endedAtMs));
}

/** The time of the newest of some sightings; -Infinity without any. */
export function newestMs(sightings: readonly { atMs: number }[]): number {
  return greatest(sightings.map((seen) => seen.atMs));
}
