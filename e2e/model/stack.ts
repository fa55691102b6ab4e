import type { Refusal, Site } from './actor.ts';
import type { EngineName, FileFacts, Placement } from './data-folder.ts';
import type { ProcessDefinition, ServiceDefinition } from './service.ts';

export type { DataMount, EngineName, FileFacts, Placement } from './data-folder.ts';

/** One line a process wrote to stdout or stderr. */
export interface LogLine {
  process: string;
  /** Which incarnation wrote it: in a rolling restart two of one process write at once. */
  incarnation: number;
  line: string;
}

export interface ProcessExit {
  process: string;
  /** Which incarnation ended; 0 when it was never started. */
  incarnation: number;
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

/** Two incarnations of one process at the moment when both are up. */
export interface BothUp {
  older: ProcessIdentity & { baseUrl: string };
  newer: ProcessIdentity & { baseUrl: string };
}

/** How a process ended that was starved of memory. */
export interface MemoryEnd {
  exit: ProcessExit;
  /** Whether the engine recorded a kill by the kernel for want of memory. */
  oomKilled: boolean;
}

/** What can be done to a container and not to a plain process. */
export interface ContainerAbilities {
  /** Takes a container off its network: it runs on, and nobody reaches it. */
  disconnect(name: string): Promise<void>;
  /** Puts it back. Its port may be another one afterwards. */
  connect(name: string): Promise<void>;
  /** Fills the container's memory until the kernel kills its process. Null when the process has outlived that. */
  exhaustMemory(name: string): Promise<MemoryEnd | null>;
}

export interface StackEvents {
  onLine?(line: LogLine): void;
  onStarted?(process: string, identity: ProcessIdentity): void;
  onExit?(exit: ProcessExit): void;
}

/** The answer of a program that ran beside the services, on the same data folder, in a process of its own. */
export interface RunResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Where the processes of a service are reached: what traffic needs to know of a stack. */
export interface Reachable {
  readonly service: ServiceDefinition;
  readonly processes: readonly ProcessDefinition[];
  /** `http://<address>:<port>`; both may change when a container is started again, so ask before each call. */
  baseUrl(name: string): string;
}

/**
 * The running processes of one service on one data folder. Traffic, faults and observers know only this. Every method
 * that waits has a deadline of its own and fails with a WalproofError that names the process and shows its last lines.
 */
export interface Stack extends Reachable, AsyncDisposable {
  readonly engine: EngineName;
  /** Null where processes are not containers. */
  readonly containers: ContainerAbilities | null;

  /** Starts the given processes (all when omitted) together and waits until each is healthy. */
  start(names?: readonly string[]): Promise<void>;
  /** SIGTERM, then SIGKILL after the process's grace. Returns how it ended. A stopped process is left alone. */
  stop(name: string): Promise<ProcessExit>;
  /** SIGKILL to every given process (all when omitted) at once, with all its children; returns when they are gone. */
  kill(names?: readonly string[]): Promise<void>;
  /** Freezes a process with all its children. */
  pause(name: string): Promise<void>;
  unpause(name: string): Promise<void>;
  /**
   * Starts a second incarnation of a running process on the same data. When it is healthy the name stands for it, and
   * `whileBothUp` is called; then the first is stopped. Returns how that ended.
   */
  replace(name: string, whileBothUp: (both: BothUp) => Promise<void>): Promise<ProcessExit>;
  /** Removes every process with its container, keeps the data folder, and creates them anew without starting them. */
  recreate(): Promise<void>;

  isRunning(name: string): boolean;
  /** Null when it is not running. */
  identity(name: string): Promise<ProcessIdentity | null>;
  /** The last lines the process wrote, oldest first. */
  lastLines(name: string, count?: number): string[];

  /** The files of the database folder. */
  files(): Promise<FileFacts[]>;
  /**
   * The head of the -shm file (136 bytes), read by plain file I/O in a process that never has the database open, else its
   * close would drop locks. Null when there is none.
   */
  walIndexHead(): Promise<Uint8Array | null>;
  /** Runs a TypeScript file beside the services; better-sqlite3 can be imported. `{data}` in args is the data folder. */
  runBeside(script: URL, args: readonly string[], options?: { timeoutMs?: number }): Promise<RunResult>;
  /** Actors beside the services, on the same data folder. They end with the stack. */
  beside(onRefused: (refusal: Refusal) => void): Site;
  /** Copies db, -wal, -shm and -journal taken together (processes frozen meanwhile) into a folder of the host. */
  copyDatabase(toDir: string): Promise<string[]>;
  /** Filesystem type of the data folder, e.g. `ext4`. */
  filesystem(): Promise<string>;
}

export interface StackOptions {
  service: ServiceDefinition;
  /** Absolute path of the file that takes the db module's place; the module itself when omitted. */
  dbModule?: string;
  /**
   * Files that take the place of others for this stack alone: path relative to the project's root, e.g.
   * `fixtures/service-kit/src/service.ts`, to the absolute path of the file. Sources of the service and of workspaces it imports.
   */
  overlay?: ReadonlyMap<string, string>;
  /** Unique per run; on every label and folder name. */
  runId: string;
  events?: StackEvents;
  /** Absolute path of a database file to start from, put at the service's database path before anything starts; its -wal or journal with it. */
  seedDatabase?: string;
  /** Puts the data folder on a filesystem of its own of this size, so that it can be filled. Unlimited when omitted. */
  dataLimitBytes?: number;
  /** By name of the process; those that are not named have the defaults. */
  placements?: Readonly<Record<string, Placement>>;
  /**
   * The processes may share one place on the network, where an engine gives places: starts, ends and calls are cheaper then. Not
   * for a stack of which one is taken off the network, or replaced by another that listens beside it first.
   */
  sharesNetwork?: true;
  /** How long a process may take until it is healthy. Default 30 000. */
  startTimeoutMs?: number;
}

/** What brings stacks up. One implementation per engine. */
export interface Engine {
  readonly name: EngineName;
  /** Builds or finds what stacks need (images). Progress goes to the callback, one line each. Rejects when aborted. */
  prepare(
    services: readonly ServiceDefinition[],
    progress: (line: string) => void,
    signal?: AbortSignal,
  ): Promise<void>;
  /** A stack that is created but not started. Disposing it removes all it made. */
  createStack(options: StackOptions): Promise<Stack>;
  /** Why it cannot give a stack a data folder of limited size; null when it can. */
  whyNoDataLimit(): Promise<string | null>;
  /** Removes what earlier runs that were killed left behind. Returns one line per thing removed. */
  removeLeftovers(): Promise<string[]>;
  /** Versions for the run's record, e.g. `{ docker: '26.1.5' }`. */
  versions(): Promise<Record<string, string>>;
}
