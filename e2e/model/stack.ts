import type { ProcessDefinition, ServiceDefinition } from './service.ts';

export type EngineName = 'docker' | 'process';

/** One line a process wrote to stdout or stderr. */
export interface LogLine {
  process: string;
  line: string;
}

export interface ProcessExit {
  process: string;
  exitCode: number | null;
  signal: string | null;
  /** Whether the harness asked for it. */
  expected: boolean;
  lastLines: string[];
}

/** Which incarnation of a process is running; differs after every restart. Pid as the host sees it. */
export interface ProcessIdentity {
  pid: number;
  startedAt: string;
  incarnation: number;
}

export interface StackEvents {
  onLine?(line: LogLine): void;
  onStarted?(process: string, identity: ProcessIdentity): void;
  onExit?(exit: ProcessExit): void;
}

/** What one file of the data folder looks like from outside; stat only, never opened. */
export interface FileFacts {
  /** Relative to the data folder. */
  path: string;
  bytes: number;
  inode: number;
}

/** The answer of a program that ran beside the services, on the same data folder, in a process of its own. */
export interface RunResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/**
 * The running processes of one service on one data folder. Traffic, faults and observers know only this. Every method
 * that waits has a deadline of its own and fails with a WalproofError that names the process and shows its last lines.
 */
export interface Stack extends AsyncDisposable {
  readonly engine: EngineName;
  readonly service: ServiceDefinition;
  readonly processes: readonly ProcessDefinition[];

  /** Starts the given processes (all when omitted) together and waits until each is healthy. */
  start(names?: readonly string[]): Promise<void>;
  /** SIGTERM, then SIGKILL after the process's grace. Returns how it ended. A stopped process is left alone. */
  stop(name: string): Promise<ProcessExit>;
  /** SIGKILL to every given process (all when omitted) at once, with all its children; returns when they are gone. */
  kill(names?: readonly string[]): Promise<void>;
  /** Freezes a process with all its children. */
  pause(name: string): Promise<void>;
  unpause(name: string): Promise<void>;
  /** Removes every process with its container, keeps the data folder, and creates them anew without starting them. */
  recreate(): Promise<void>;

  isRunning(name: string): boolean;
  /** Null when it is not running. */
  identity(name: string): Promise<ProcessIdentity | null>;
  /** `http://127.0.0.1:<port>`; the port may change when a container is started again, so ask before each call. */
  baseUrl(name: string): string;
  /** The last lines the process wrote, oldest first. */
  lastLines(name: string, count?: number): string[];

  /** The files of the database folder. */
  files(): Promise<FileFacts[]>;
  /** Runs a TypeScript file beside the services; better-sqlite3 can be imported. `{data}` in args is the data folder. */
  runBeside(script: URL, args: readonly string[], options?: { timeoutMs?: number }): Promise<RunResult>;
  /** Copies db, -wal, -shm and -journal taken together (processes frozen meanwhile) into a folder of the host. */
  copyDatabase(toDir: string): Promise<string[]>;
  /** Filesystem type of the data folder, e.g. `ext4`. */
  filesystem(): Promise<string>;
}

export interface StackOptions {
  service: ServiceDefinition;
  /** Absolute path of the file that takes the db module's place; the module itself when omitted. */
  dbModule?: string;
  /** Unique per run; on every label and folder name. */
  runId: string;
  events?: StackEvents;
  /** Absolute path of a database file to start from, put at the service's database path before anything starts. */
  seedDatabase?: string;
  /** How long a process may take until it is healthy. Default 30 000. */
  startTimeoutMs?: number;
}

/** What brings stacks up. One implementation per engine. */
export interface Engine {
  readonly name: EngineName;
  /** Builds or finds what stacks need (images). Progress goes to the callback, one line each. */
  prepare(services: readonly ServiceDefinition[], progress: (line: string) => void): Promise<void>;
  /** A stack that is created but not started. Disposing it removes all it made. */
  createStack(options: StackOptions): Promise<Stack>;
  /** Removes what earlier runs that were killed left behind. Returns one line per thing removed. */
  removeLeftovers(): Promise<string[]>;
  /** Versions for the run's record, e.g. `{ docker: '26.1.5' }`. */
  versions(): Promise<Record<string, string>>;
}
