import type { CrashCopySeen, CrashImagesSeen } from './crash.ts';
import type { DatabaseState, Seen } from './seen.ts';
import type {
  CommitsSeen,
  HealthProbeSeen,
  HealthSummary,
  LockHeld,
  LocksSampled,
  LongTransaction,
  LoopStalled,
  LoopWatched,
  MachineStalled,
  OpenFilesSeen,
  WalHeaderSeen,
  WalSample,
} from './watched.ts';

export type { DatabaseState } from './seen.ts';
export type * from './watched.ts';

/** What one connection says of itself; a probe connection could not know, since these pragmas are per connection. */
export interface ConnectionAttestation {
  /** Process id inside the process's own namespace, and a number that is unique within the process. */
  pid: number;
  connection: number;
  file: string;
  driver: string;
  driverVersion: string;
  sqliteVersion: string;
  sqliteSourceId: string;
  readonly: boolean;
  journalMode: string;
  busyTimeoutMs: number;
  synchronous: number;
  cacheSize: number;
  foreignKeys: boolean;
}

export interface AttestationSeen extends Seen {
  kind: 'attestation';
  process: string;
  attestation: ConnectionAttestation;
  /** How often this process has been started so far in this arm, from 1. */
  incarnation: number;
}

/** A process was started (first or again). Each incarnation owes attestations of its connections. */
export interface ProcessStarted extends Seen {
  kind: 'process-started';
  process: string;
  incarnation: number;
  pid: number;
}

export interface ProcessExited extends Seen {
  kind: 'process-exited';
  process: string;
  /** Which incarnation ended: its end can be told after the next start, and in a rolling restart two live at once. */
  incarnation: number;
  /** null when a signal ended it. */
  exitCode: number | null;
  signal: string | null;
  /** Whether the harness asked for it (stop, kill). */
  expected: boolean;
  lastLines: string[];
}

/** An error that SQLite returned inside a service, as the driver saw it, whether or not the service noticed. */
export interface SqliteErrorSeen extends Seen {
  kind: 'sqlite-error';
  process: string;
  /** Extended result code by name, e.g. `SQLITE_BUSY_SNAPSHOT` (https://sqlite.org/rescode.html). */
  code: string;
  message: string;
  elapsedMs: number;
  sql: string;
  /** `open` until the service is ready, `run` afterwards, `close` while it stops. */
  phase: string;
}

/** A statement that took unusually long, which under contention means that it waited for a lock. */
export interface SlowStatementSeen extends Seen {
  kind: 'slow-statement';
  process: string;
  elapsedMs: number;
  sql: string;
}

/** What a process that was asked to stop says of its database at its end. */
export interface DatabaseClosedSeen extends Seen {
  kind: 'database-closed';
  process: string;
  incarnation: number;
  /** False when the connections had to be given up, e.g. since one still waited for a lock. */
  clean: boolean;
}

/** Bytes 18 and 19 of the database header, read from a copy: 1 rollback journal, 2 WAL (https://sqlite.org/fileformat2.html#file_format_version_numbers). */
export interface HeaderSeen extends Seen {
  kind: 'header';
  state: DatabaseState;
  writeVersion: number;
  readVersion: number;
}

/** A fresh connection in a process of its own. */
export interface ProbeSeen extends Seen {
  kind: 'probe';
  state: DatabaseState;
  journalMode: string;
  sqliteVersion: string;
  sqliteSourceId: string;
}

export interface SidecarsSeen extends Seen {
  kind: 'sidecars';
  state: DatabaseState;
  /** Sizes in bytes, null when the file does not exist. */
  walBytes: number | null;
  shmBytes: number | null;
  /** Rollback journal. */
  journalBytes: number | null;
}

export interface IntegritySeen extends Seen {
  kind: 'integrity';
  source: 'live' | 'copy';
  /** Rows of `PRAGMA integrity_check`; a sound database gives the single row `ok`. */
  integrityCheck: string[];
  /** Rows of `PRAGMA foreign_key_check`, printed. */
  foreignKeyCheck: string[];
  /** Complaints of FTS5's own integrity-check by full-text table, empty for a sound one; only of copies, since it is an INSERT. */
  fullText?: { table: string; complaints: string[] }[];
}

/** All that the service returned at the end, after every fault had healed. */
export interface FinalRead extends Seen {
  kind: 'final-read';
  /** The `name` of the ops it answers for, e.g. `post-message`. */
  of: string;
  /** An array wherever it was recorded. Can be gone through again and again. */
  items: Iterable<FoundItem>;
}

export interface FoundItem {
  key: string;
  value: string;
  count: number;
}

/** What the service had answered at the end, after it was given time to answer what it still owed. */
export interface DeliveryRead extends Seen {
  kind: 'delivery-read';
  /** The `name` of the ops that are owed an answer, e.g. `post-message`. */
  of: string;
  /** How often each op's key was answered. An array wherever it was recorded. Can be gone through again and again. */
  answers: Iterable<{ key: string; count: number }>;
  /** How long it waited for the answers, and at most how long it would have. */
  waitedMs: number;
  deadlineMs: number;
}

/** Each key that was sent, looked for through the service's own search. */
export interface SearchRead extends Seen {
  kind: 'search-read';
  of: string;
  /** `listed`: documents with this key in the list of all; `found`: those that a search for the key returned. */
  items: { key: string; listed: number; found: number }[];
  /** How many documents there are and how many rows of text they have in the index, in one snapshot; missing when the service does not say. */
  rows?: { documents: number; texts: number };
  /** Keys that were not looked for before the deadline. */
  unasked: number;
  elapsedMs: number;
}

/** Something that was to be seen and could not be; the checks that need it miss it, and a reader of the bundle sees why. */
export interface LookFailed extends Seen {
  kind: 'look-failed';
  /** e.g. `connection`, `final read`. */
  look: string;
  message: string;
  lastLines: string[];
}

/** A fault from its beginning until it had healed itself. */
export interface FaultSeen extends Seen {
  kind: 'fault';
  fault: string;
  target: string;
  healedAtMs: number;
  tookEffect: boolean;
  /** What shows that it took effect, e.g. the pids before and after. */
  proof: string;
  /** Extended result codes by name that it is meant to provoke while it lasts; none when omitted. */
  provokes?: readonly string[];
}

/** The stack could not be brought up, or a process ended and did not come back. */
export interface StartFailed extends Seen {
  kind: 'start-failed';
  process: string;
  message: string;
  lastLines: string[];
}

export interface FilesystemSeen extends Seen {
  kind: 'filesystem';
  /** e.g. `ext4`, `overlay`, `tmpfs`, as statfs names the data folder. */
  type: string;
}

/** The part of the arm in which traffic ran. */
export interface TrafficWindow extends Seen {
  kind: 'traffic';
  endedAtMs: number;
  clients: number;
}

export type Observation =
  | AttestationSeen
  | ProcessStarted
  | ProcessExited
  | SqliteErrorSeen
  | SlowStatementSeen
  | DatabaseClosedSeen
  | HeaderSeen
  | ProbeSeen
  | SidecarsSeen
  | IntegritySeen
  | FinalRead
  | LookFailed
  | DeliveryRead
  | SearchRead
  | OpenFilesSeen
  | WalHeaderSeen
  | WalSample
  | CommitsSeen
  | LockHeld
  | LocksSampled
  | LongTransaction
  | CrashCopySeen
  | CrashImagesSeen
  | LoopWatched
  | LoopStalled
  | MachineStalled
  | HealthProbeSeen
  | HealthSummary
  | FaultSeen
  | StartFailed
  | FilesystemSeen
  | TrafficWindow;

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** An observation before the recorder stamps arm, service and, where it is missing, the time on it. */
export type ObservationInput = DistributiveOmit<Observation, 'arm' | 'service' | 'atMs'> & { atMs?: number };
