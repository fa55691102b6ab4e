import type { ServiceDefinition } from '../model/service.ts';

/** One change of a source text. */
export interface Edit {
  /** Relative to the project's root. */
  file: string;
  /** An expression must be global. */
  find: string | RegExp;
  /** Taken literally; nothing in it refers to what was found. */
  replace: string;
}

/**
 * How the services are brought up. `together` on a fresh file, as Compose does it · `rollback-locked` on a fresh file in
 * rollback mode while another connection holds its RESERVED lock · `outdated-locked` on a WAL file of an older schema
 * while another connection holds the write lock.
 */
export type StartKind = 'together' | 'rollback-locked' | 'outdated-locked';

/** What is done while traffic runs; see `probes/`. */
export type ProbeName =
  | 'hold-lock'
  | 'hold-lock-long'
  | 'contend'
  | 'kill-behind-lock'
  | 'stop-one'
  | 'late-messages'
  | 'edit-files';

/** The quick scenario that shows what a mutant breaks. */
export interface Exposure {
  start: StartKind;
  probes: readonly ProbeName[];
}

/** A way to revert a part of the patch. */
export interface Rule {
  name: string;
  /** What the service loses, in one sentence. */
  breaks: string;
  /** The changes by service; a service that is not named has nothing to revert. */
  edits: Readonly<Record<string, readonly Edit[]>>;
  /** The check that is expected to catch it. */
  expected: string;
  exposure: Exposure;
  /** Why it cannot be told apart, where that is so; the run must then measure it. */
  equivalent?: string;
}

/** A rule on one service. */
export interface Mutant {
  /** `<service>/<rule>`. */
  name: string;
  service: ServiceDefinition;
  rule: Rule;
  edits: readonly Edit[];
}
