/** What is seen of files and of the event loop while a run goes on. */
import type { DatabaseState, Seen } from './seen.ts';

/** Database files that a process holds open, as /proc/self/fd names them; reported by the process without opening anything. */
export interface OpenFilesSeen extends Seen {
  kind: 'open-files';
  process: string;
  incarnation: number;
  files: { file: DatabaseFile; inode: number; deleted: boolean }[];
}

export type DatabaseFile = 'db' | '-wal' | '-shm';

/** The first 32 bytes of a copy's -wal (https://sqlite.org/fileformat2.html#wal_header_format). */
export interface WalHeaderSeen extends Seen {
  kind: 'wal-header';
  state: DatabaseState;
  bytes: number;
  /** Null when the file is shorter than a header: nothing was written yet. */
  header: WalHeader | null;
  /** Page size by the database's own header; null when the file is empty. */
  databasePageSize: number | null;
  /** Of the copied -shm; null when it was missing, or caught in the middle of an update. */
  index: WalIndex | null;
}

export interface WalHeader {
  magic: number;
  formatVersion: number;
  pageSize: number;
  /** As the connection that wrote the header counts them; each counts for itself. */
  checkpointSequence: number;
  /** As eight hexadecimal digits each. */
  salts: [string, string];
  checksumHolds: boolean;
}

/** Where the WAL stands, by the shared index (https://sqlite.org/walformat.html#the_wal_index_file_format). */
export interface WalIndex {
  pageSize: number;
  /** Frames that count. */
  frames: number;
  /** Of these, the ones that a checkpoint has copied into the database. */
  checkpointed: number;
  salts: [string, string];
}

/** The files beside the database, from outside, at regular times while traffic runs. */
export interface WalSample extends Seen {
  kind: 'wal-sample';
  /** The look happened within this time after `atMs`. */
  tookMs: number;
  /** Null when the file does not exist. */
  walBytes: number | null;
  inodes: Partial<Record<DatabaseFile, number>>;
  index: WalIndex | null;
}

/**
 * So many commits must have been looked at before none with a half of something means anything: a transaction in two parts
 * showed after one commit in five (oracle-v2, some 95 commits of a copy, 26 runs), so all of twenty would miss it
 * once in a hundred times if they did so independently.
 */
export const LEAST_COMMITS = 20;

/** What a kill after each of the newest commits would have left, on a copy. */
export interface CommitsSeen extends Seen {
  kind: 'commits';
  /** Commits that were looked at. */
  commits: number;
  /** Those after which something that belongs together is there in part, by the number of frames up to them. */
  torn: { frame: number; rows: string[] }[];
}

/** A lock on the database as the kernel's table showed it, from the first to the last of the samples that saw it without a gap. */
export interface LockHeld extends Seen {
  kind: 'lock-held';
  /** SQLite's name, e.g. `WRITE`, `READ2`, `RESERVED`. */
  lock: string;
  mode: 'shared' | 'exclusive';
  /** As this machine sees it. */
  pid: number;
  /** A process of the service, or walproof's own program; null for anybody else. */
  process: string | null;
  command: string;
  untilMs: number;
  samples: number;
}

/** How the table of locks was looked at; without it nobody can be blamed. */
export interface LocksSampled extends Seen {
  kind: 'locks-sampled';
  endedAtMs: number;
  samples: number;
  periodMs: number;
  /** CPU time of all samples together. */
  cpuMs: number;
  /** Holds that were left out, so that the record stays small. */
  dropped: number;
  /** Why the table cannot be seen from here; null when it can. */
  unseen: string | null;
}

/** A transaction that was open for long, told by the driver at its end. `atMs` is its end. */
export interface LongTransaction extends Seen {
  kind: 'long-transaction';
  process: string;
  connection: number;
  elapsedMs: number;
  statements: number;
  /** The statement that took longest. */
  sql: string;
}

/** A process watches the event loop that answers its health route, from here on. */
export interface LoopWatched extends Seen {
  kind: 'loop-watched';
  process: string;
  incarnation: number;
}

/** The event loop that answers the health route stood still. `atMs` is when it began. */
export interface LoopStalled extends Seen {
  kind: 'loop-stalled';
  process: string;
  incarnation: number;
  durationMs: number;
  /** Of it, the time its thread was ready to run and had no CPU; null where the kernel does not say. */
  starvedMs: number | null;
}

/** A thread of the harness that has nothing to do stood still, so the machine kept everybody waiting. */
export interface MachineStalled extends Seen {
  kind: 'machine-stalled';
  durationMs: number;
}

/** A health probe that was answered late or not with 200. `atMs` is when it was asked. */
export interface HealthProbeSeen extends Seen {
  kind: 'health-probe';
  process: string;
  tookMs: number;
  healthy: boolean;
  /** What came back: `HTTP 200`, `ECONNREFUSED`, `no answer within 5000 ms`. */
  seen: string;
  /** Of the time, how long the process was ready to run and had no CPU; null where the kernel does not say. */
  starvedMs: number | null;
  /** Of the time, how late the prober itself was. */
  proberLateMs: number;
}

/** All health probes of one process. */
export interface HealthSummary extends Seen {
  kind: 'health-summary';
  process: string;
  endedAtMs: number;
  probes: number;
  healthy: number;
  /** Of the healthy ones; null without any. */
  tookMs: { p50: number; p99: number; max: number } | null;
}
