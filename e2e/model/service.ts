import type { KeyQuery } from './crash.ts';

/**
 * A service under test as plain data. Engines, faults and checkers know services only through this shape, so a third
 * service is one more value of it.
 *
 * Strings in `env` may hold `{data}` (the data folder as the process sees it), `{port}` (the port to listen on) and
 * `{process}` (the name of the process).
 */
export interface ServiceDefinition {
  name: string;
  title: string;
  /** The service's repo, relative to the project's root. */
  sourceDir: string;
  /** The db module, relative to `sourceDir`. A variant takes its place. */
  dbModule: string;
  /** Names that any db module of this service must export. */
  dbModuleExports: readonly string[];
  /** Known variants: name to file, relative to the project's root. `patched` is the module itself. */
  variants: Readonly<Record<string, string>>;
  /** The variant that must show at least one busy under the same traffic, else the traffic proved nothing. */
  controlVariant: string;
  /** The database file, relative to the data folder. */
  database: string;
  policy: PragmaPolicy;
  /** Tables by which its database is told from another's. */
  tables?: readonly string[];
  /** What the service owes beyond keeping what it acknowledged; checks of other promises do not apply to it. */
  promises?: {
    /** Names of ops each of which is answered exactly once, e.g. `post-message`. */
    answered?: readonly string[];
    /** Names of ops whose key is found by search, and the full-text tables behind it. */
    searchable?: {
      ops: readonly string[];
      tables: readonly string[];
      /** SQL whose rows are documents without their text, or the reverse; it has none after any commit. */
      halves: string;
    };
  };
  /** How a look into the file tells which acknowledged ops it holds, by name of op; crash images need at least one. */
  keys?: readonly KeyQuery[];
  processes: readonly ProcessDefinition[];
}

export interface ProcessDefinition {
  /** Unique within the service, e.g. `oracle-1`. */
  name: string;
  /** The program, relative to `sourceDir`. */
  entry: string;
  env: Readonly<Record<string, string>>;
  /** The port inside its container; on the process engine a free port is passed instead. */
  port: number;
  healthPath: string;
  /** Whether the traffic may send its calls here. */
  servesTraffic: boolean;
  /** SIGTERM to exit, before the engine kills it. */
  stopGraceMs: number;
}

/** What every connection of the service to its database file must attest. */
export interface PragmaPolicy {
  journalMode: string;
  busyTimeoutMs: number;
  /** 0 OFF, 1 NORMAL, 2 FULL, 3 EXTRA (https://sqlite.org/pragma.html#pragma_synchronous). */
  synchronous: number;
  /** Negative: KiB. Positive: pages (https://sqlite.org/pragma.html#pragma_cache_size). */
  cacheSize: number;
  foreignKeys: boolean;
}
