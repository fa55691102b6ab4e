import type { EngineName, FileFacts } from './data-folder.ts';
import type { ServiceDefinition } from './service.ts';

/** One thing an actor is told to do. `connection` is `main` when omitted; paths are relative to the data folder. */
export type ActorCommand =
  | ({ do: 'open' } & OpenOptions)
  /** `{data}` in it is the data folder. */
  | { do: 'exec'; sql: string; connection?: string }
  | { do: 'all'; sql: string; connection?: string }
  | { do: 'close'; connection?: string }
  /** SQLite's online backup of an open connection into another file. */
  | { do: 'backup'; to: string; connection?: string }
  /** Plain file I/O inside the actor's process, which is what drops POSIX locks. */
  | { do: 'copy-file'; from: string; to: string }
  | { do: 'truncate-file'; path: string; bytes: number }
  | { do: 'fill-file'; path: string; bytes: number }
  | { do: 'remove-files'; paths: readonly string[] }
  /** The same statement again and again, refusals let pass; the value is how often it succeeded. */
  | { do: 'hammer'; sql: string; forMs: number; connection?: string }
  /** A write transaction of Oracle V2's db module: `between` waits there for a file of that name to exist. */
  | { do: 'oracle-transaction'; before: string; between: string; after: string };

export interface OpenOptions {
  connection?: string;
  /** Default `app.db`; beside a stack its service's database. */
  file?: string;
  /** Default better-sqlite3. libsql carries SQLite 3.45.1 (process engine only). */
  driver?: 'better-sqlite3' | 'libsql';
  readonly?: boolean;
  /** The driver's default when omitted: 5000 for better-sqlite3, 0 for libsql. */
  timeoutMs?: number;
  /** Run in this order right after opening, e.g. `journal_mode = WAL`. */
  pragmas?: readonly string[];
}

/** How a command ended. `code` is SQLite's extended name, e.g. `SQLITE_BUSY_SNAPSHOT`, else the name of what failed. */
export type Reply =
  | { ok: true; value: unknown; elapsedMs: number }
  | { ok: false; code: string; message: string; elapsedMs: number };

/** A command under way. */
export interface Ongoing {
  /** Resolves when the actor has begun with it. */
  started: Promise<void>;
  reply: Promise<Reply>;
}

/** Something that was refused, with the words the operator would find in a log. */
export interface Refusal {
  /** The actor or the service's process. */
  process: string;
  code: string;
  message: string;
  elapsedMs: number;
  sql: string;
}

/**
 * A process of its own that does what it is told, one command after the other. Who holds which lock when is thus decided by
 * whoever tells them, never by load or luck. A process that died answers with `ok: false` and the code `ACTOR_GONE`.
 */
export interface Actor {
  readonly name: string;
  begin(command: ActorCommand): Ongoing;
  ask(command: ActorCommand): Promise<Reply>;

  /** These throw REPRO_BROKEN when refused: the scene could not be set. */
  open(options?: OpenOptions): Promise<void>;
  exec(sql: string, connection?: string): Promise<void>;
  rows<Row>(sql: string, connection?: string): Promise<Row[]>;
  /** The first column of the first row. */
  value<T>(sql: string, connection?: string): Promise<T>;
  close(connection?: string): Promise<void>;

  /** SIGKILL; returns when the process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP, or the freezer of its container. */
  pause(): Promise<void>;
  unpause(): Promise<void>;
}

export interface SiteOptions {
  /** Whose packages and db module the actors find. */
  service?: ServiceDefinition;
  /** Absolute path of the file in the db module's place. */
  dbModule?: string;
}

/** A data folder with actors on it. Disposing it ends them, and removes the folder unless it is a stack's. */
export interface Site extends AsyncDisposable {
  readonly engine: EngineName;
  actor(name: string): Promise<Actor>;
  /** What is in the data folder; stat only. */
  files(): Promise<FileFacts[]>;
  /** Copies `app.db` with its sidecars, taken together (actors frozen meanwhile), into a folder of this machine. */
  copyDatabase(toDir: string): Promise<string[]>;
  /** How to look into it by hand, one line each. */
  howToLook(): string[];
}
