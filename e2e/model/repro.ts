import type { Refusal, Site } from './actor.ts';
import type { EngineName, Placement, Stack } from './stack.ts';
import type { FindingCode } from './verdict.ts';

/** Findings that only repros make; the others are the checkers' own. */
export const REPRO_FINDING_CODES = [
  'constraint-violated',
  'database-unreadable',
  'disk-full',
  'error-masked',
  'read-only',
  'stale-read',
  'writer-stalled',
] as const;

export type ReproFindingCode = FindingCode | (typeof REPRO_FINDING_CODES)[number];

export interface ReproFinding {
  code: ReproFindingCode;
  message: string;
  evidence: unknown[];
}

/** Whether the seed's five pragmas help against a bug, cause it, or change nothing. */
export type SeedPatch = 'helps' | 'causes' | 'no-effect';

/** A refusal below this came without waiting; no busy timeout that a repro waits for is shorter than 500 ms. */
export const AT_ONCE_MS = 300;

/** A service wherever the bug can live in one, with a variant, an edit, a mount or a user; else the fewest processes that have it. */
export type PlayedBy = 'nanoclaw' | 'oracle-v2' | 'processes';

/** What tells bugs with one message apart: how long the refused call took. */
export type Elapsed = 'at once' | 'after the timeout' | 'nothing is refused';

/** A change of a service's source, for bugs that lie outside of its db module. It must fit exactly once. */
export interface SourceEdit {
  /** Relative to the project's root. */
  file: string;
  find: string;
  replace: string;
}

export interface StackWish {
  variant?: string;
  /** Relative to the project's root. */
  seedDatabase?: string;
  edits?: readonly SourceEdit[];
  /** Size of the data volume. */
  dataLimitBytes?: number;
  placements?: Readonly<Record<string, Placement>>;
}

/** What a repro's scenario works with. Everything it makes is ended and removed when its side is over. */
export interface Lab {
  readonly engine: EngineName;
  /** Every refusal so far, of actors and of services. */
  readonly refusals: readonly Refusal[];
  /** With `service` its actors find that service's db module. */
  site(options?: { service?: string; variant?: string }): Promise<Site>;
  /** A stack of a service, not started. `variant` is a known name; the patched db module when omitted. */
  stack(service: string, options?: StackWish): Promise<Stack>;
  /** Actors beside a stack, on its data folder; they open its database when they are told to open none by name. */
  beside(stack: Stack): Site;
  /** An empty folder of this machine, for copies. */
  folder(): Promise<string>;
  /** Looks until it is so, and throws REPRO_BROKEN when that takes longer than anything healthy would. */
  until(condition: () => Promise<boolean> | boolean, expectation: string): Promise<void>;
  /** Lets a state last: a length that belongs to the scenario, never a wait for something to happen. */
  lasting(ms: number): Promise<void>;
  /** Throws REPRO_BROKEN when the scene is not what the scenario needs: that is no finding. */
  require(condition: boolean, expectation: string): void;
}

/** A production bug as data. */
export interface ReproSpec<Side> {
  name: string;
  /** One sentence: what goes wrong. */
  title: string;
  /** What the operator sees, in the words of the log. */
  operatorSees: string;
  /** The refusals that the run itself must show without the fix, exactly. Empty where nothing is refused. */
  refusals: readonly { code: string; message: string }[];
  /** Other words by which people meet it, e.g. of wrappers that mask the code. */
  alsoReportedAs?: readonly string[];
  elapsed: Elapsed;
  sources: readonly string[];
  mechanism: string;
  seedPatch: SeedPatch;
  /** Why the seed's pragmas help, cause it, or change nothing. */
  seedPatchBecause: string;
  fix: string;
  playedBy: PlayedBy;
  /** Who does what in the scene. */
  cast: string;
  /** Why neither service can play it; only where processes do. */
  whyProcesses?: string;
  /** What was wrong in the catalogue or is often said and untrue. */
  truth?: string;
  /** Fastest first. */
  engines: readonly EngineName[];
  without: Side;
  with: Side;
  /** Plays one side and returns what it found: the same measurement on both. */
  scenario(lab: Lab, side: Side): Promise<ReproFinding[]>;
  /** The finding that must appear without the fix. */
  expect: ReproFindingCode;
  /** Measured, both sides together, on the fastest engine. */
  seconds: number;
}

export type SideName = 'without' | 'with';

/** A spec whose sides' type is nobody else's business. */
export interface Repro extends Omit<ReproSpec<never>, 'without' | 'with' | 'scenario'> {
  /** Extended codes, for searching. */
  codes: readonly string[];
  play(lab: Lab, side: SideName): Promise<ReproFinding[]>;
}

export function repro<Side>(spec: ReproSpec<Side>): Repro {
  const { without, with: fixed, scenario, ...data } = spec;
  return {
    ...data,
    codes: [...new Set(data.refusals.map(({ code }) => code))],
    play: (lab, side) => scenario(lab, side === 'without' ? without : fixed),
  };
}
