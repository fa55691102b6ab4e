import type { Arm } from './op.ts';

interface Seen {
  arm: Arm;
  service: string;
  /** Milliseconds since the start of the run. */
  atMs: number;
}

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

/** `open` some process has the file open · `stopped` all closed cleanly · `killed` all were killed · `restarted` open again after either. */
export type DatabaseState = 'open' | 'stopped' | 'killed' | 'restarted';

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
}

/** All that the service returned at the end, after every fault had healed. */
export interface FinalRead extends Seen {
  kind: 'final-read';
  /** The `name` of the ops it answers for, e.g. `post-message`. */
  of: string;
  items: { key: string; value: string; count: number }[];
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
  | HeaderSeen
  | ProbeSeen
  | SidecarsSeen
  | IntegritySeen
  | FinalRead
  | FaultSeen
  | StartFailed
  | FilesystemSeen
  | TrafficWindow;

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** An observation before the recorder stamps arm, service and, where it is missing, the time on it. */
export type ObservationInput = DistributiveOmit<Observation, 'arm' | 'service' | 'atMs'> & { atMs?: number };
