import type { Observation } from './observation.ts';
import type { Arm, Op } from './op.ts';
import type { ServiceDefinition } from './service.ts';
import type { CheckResult } from './verdict.ts';

/** Everything known about one service in one arm. This is all that a checker may look at. */
export interface Evidence {
  service: ServiceDefinition;
  arm: Arm;
  /** The db module that ran: `patched`, a variant's name, or the path given with `--db-module`. */
  variant: string;
  /** In the order in which they returned. Can be gone through again and again; what reads them holds as few as it can. */
  ops: Iterable<Op>;
  observations: readonly Observation[];
  demands: Demands;
}

/** What a run must have done before a pass means anything. */
export interface Demands {
  /** Acknowledged ops over the whole arm. */
  okOps: number;
  /** Acknowledged ops between any two faults, before the first and after the last. */
  okOpsAroundFault: number;
  /** The fault names asked for; each must have taken effect at least once. */
  faults: readonly string[];
  /** Whether a control arm was owed. */
  control: boolean;
  /** What the control showed, null when none ran. */
  controlResult: ControlResult | null;
  /** Crash images that were owed; none when they were not asked for. */
  crashImages?: { least: number } | undefined;
}

export interface ControlResult {
  variant: string;
  /** Busy and locked errors seen under the same traffic and seed. */
  busy: number;
  lostWrites: number;
  okOps: number;
}

/** A check under way: it is given every op once, in order, and then concludes. */
export interface OpFold {
  take(op: Op): void;
  end(): CheckResult;
}

/** A pure function: evidence in, verdict out. No clock, no file, no container. */
export interface Checker {
  name: string;
  /** The guarantee in one sentence; shown when it is broken. */
  claim: string;
  /** False where the service never made the promise, or nobody asked for the look; the check is then left out of its verdict. Default: it applies. */
  appliesTo?(service: ServiceDefinition, demands: Demands): boolean;
  check(evidence: Evidence): CheckResult;
  /** Of a check that looks at ops: the same by one op after the other, so that all such checks share one pass. */
  begin?(evidence: Evidence): OpFold;
}

/** The observations of one kind, in the order of time. */
export function observationsOf<K extends Observation['kind']>(
  evidence: Pick<Evidence, 'observations'>,
  kind: K,
): Extract<Observation, { kind: K }>[] {
  return evidence.observations.filter((seen): seen is Extract<Observation, { kind: K }> => seen.kind === kind);
}
