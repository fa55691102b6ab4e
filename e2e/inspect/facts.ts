/** What `walproof inspect` finds, as plain data. Fields are only ever added. */
import type { LockName } from '../observe/lock-table.ts';
import type { WalIndexFacts } from '../observe/wal-index.ts';
import type { WalSurvey } from '../observe/wal-survey.ts';
import type { DatabaseHeader } from './database-header.ts';

export interface FileFact {
  path: string;
  bytes: number;
  inode: number;
  /** ISO 8601. */
  modifiedAt: string;
}

export interface DatabaseFacts extends FileFact {
  /** What was asked for, where that is a symlink or a service: SQLite follows links, and the sidecars lie beside the target. */
  askedFor: string;
  /** Valid and without a single page: nothing was ever written. */
  empty: boolean;
  /** Null for an empty one. */
  header: DatabaseHeader | null;
  /** As the next reader sees it: a commit in the -wal wrote page 1 anew. */
  headerInWal: DatabaseHeader | null;
  /** Bytes that the header promises and the file does not have, nor the -wal; 0 when all are there. */
  missingBytes: number;
}

export interface WalFacts extends FileFact, WalSurvey {
  /** The -wal went on while it was read, each time; what is said of it is of different moments. */
  movedWhileRead: boolean;
  /** Valid frames that no checkpoint has copied yet; null where neither the index nor the frames say. */
  notCheckpointed: number | null;
}

export interface IndexFacts extends FileFact, WalIndexFacts {}

export interface JournalFacts extends FileFact {
  /** `hot`: a writer died in a transaction, and the next opener rolls it back. `in use`: a writer that lives has it. */
  state: 'hot' | 'in use' | 'finished';
  heldBy: number | null;
}

export interface Sidecars {
  wal: FileFact | null;
  shm: IndexFacts | FileFact | null;
  journal: JournalFacts | null;
  /** Beside a database in the wal2 mode. */
  wal2: FileFact | null;
  /** Held open by somebody, though the name is gone or belongs to another file. */
  lost: LostFile[];
}

export interface LostFile {
  file: 'db' | '-wal' | '-shm' | '-journal';
  pid: number;
  process: string;
  container: string | null;
  /** `deleted`: the name is gone. `replaced`: another file has it now. */
  how: 'deleted' | 'replaced';
  inode: number;
}

export interface LockFact {
  lock: LockName;
  mode: 'shared' | 'exclusive';
  pid: number;
  /** Its command line. */
  process: string;
  container: string | null;
  /** ISO 8601: when the process started. Since when it has the lock the kernel does not know. */
  since: string | null;
  /** What `since` is of. */
  sinceIs: 'process-start';
  waits: boolean;
  /** For READ1 to READ4: up to which frame the holder may read. */
  readsToFrame: number | null;
}

export interface ProcessFact {
  pid: number;
  process: string;
  container: string | null;
  startedAt: string | null;
  /** As stopped processes are: T in ps. A frozen container is not told apart from a running one by this. */
  stopped: boolean;
  sqliteVersion: string | null;
  /** How the version is known, or why it is not. */
  sqliteBy: string;
}

/** The oldest reader: no checkpoint copies frames beyond its mark, and the -wal does not begin anew. */
export interface OldestReader {
  lock: LockName;
  frame: number;
  /** Empty where the holders cannot be seen. */
  pids: number[];
}

export interface FilesystemFacts {
  type: string;
  mountPoint: string | null;
  readOnly: boolean;
  /** Null where nothing is known of it. */
  walSound: boolean | null;
  because: string;
}

export interface Advice {
  /** `problem`: data is lost or in danger, or nobody can open it; exit 1. `warning`: act soon. `note`: worth knowing. */
  level: 'problem' | 'warning' | 'note';
  /** Stable, e.g. `lost-sidecar`. */
  code: string;
  what: string;
  /** What to do now. */
  next: string;
  because: string;
}

export interface Inspection {
  database: DatabaseFacts;
  wal: WalFacts | null;
  sidecars: Sidecars;
  locks: LockFact[];
  /** Why locks and processes may be missing here; null when this process sees all of them. */
  locksUnseen: string | null;
  processes: ProcessFact[];
  oldestReader: OldestReader | null;
  filesystem: FilesystemFacts;
  advice: Advice[];
}
