import type { Arm } from './op.ts';
import type { SideName } from './repro.ts';

/**
 * What a stretch of a run is spent on.
 *
 * `images`  finding or building what stacks are made of
 * `start`   making a stack and starting processes until each is healthy, also after a kill
 * `traffic` load without a fault
 * `fault`   from a fault's beginning until it has healed
 * `look`    looks at files and databases, and the final read
 * `stop`    ending processes, and removing what the arm made
 * `judge`   checks and report
 */
export const STAGE_KINDS = ['images', 'start', 'traffic', 'fault', 'look', 'stop', 'judge'] as const;
export type StageKind = (typeof STAGE_KINDS)[number];

export interface Stage {
  kind: StageKind;
  /** Fit to be shown, e.g. `kill agent-1`. */
  what: string;
}

/** A stretch of time, in ms since the start of the run. Stretches of one arm follow each other; those of two may overlap. */
export interface Span extends Stage {
  /** Absent where it belongs to the run as a whole. */
  arm?: Arm;
  service?: string;
  /** Of a repro. */
  side?: SideName;
  fromMs: number;
  untilMs: number;
}
