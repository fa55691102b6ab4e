import { join } from 'node:path';
import pLimit from 'p-limit';
import type { Refusal, Site } from '../../model/actor.ts';
import { WalproofError } from '../../model/errors.ts';
import type { ServiceDefinition } from '../../model/service.ts';
import type {
  BothUp,
  FileFacts,
  ProcessExit,
  ProcessIdentity,
  RunResult,
  Stack,
  StackOptions,
} from '../../model/stack.ts';
import { asDiskFull, isDiskFull } from '../shared/disk-full.ts';
import { awaitStarted, interrupted } from './await-started.ts';
import { copyDatabase } from './copy-database.ts';
import { listDatabaseFolder, readWalIndexHead } from './database-folder.ts';
import { atProcessExit } from './exit-guard.ts';
import { filesystemType } from './filesystem-type.ts';
import { installApp, type StackFolder } from './folder.ts';
import { removeFolder } from './limited-data.ts';
import { ManagedProcess } from './managed-process.ts';
import { writeOwnerRecord } from './owner-record.ts';
import { type PortReservation, reservePort } from './port-reservation.ts';
import type { ProcessGroup } from './process-group.ts';
import { runBeside } from './run-beside.ts';
import { ProcessSite } from './site.ts';

const START_TIMEOUT_MS = 30_000;
const BESIDE_TIMEOUT_MS = 30_000;

/** Child processes of this process on a temporary folder. */
export class ProcessStack implements Stack {
  readonly engine = 'process';
  readonly containers = null;
  readonly service: ServiceDefinition;
  readonly #options: StackOptions;
  readonly #folder: StackFolder;
  readonly #ports: Set<PortReservation>;
  readonly #processes = new Map<string, ManagedProcess>();
  /** In a rolling restart the newer process until it is healthy, then the older one until it is gone. */
  readonly #besides = new Set<ManagedProcess>();
  readonly #beside = new Set<ProcessGroup>();
  readonly #disposal = new AbortController();
  /** Freezing, resuming and spawning exclude each other: a copy must not be taken while something new begins to write. */
  readonly #exclusive = pLimit(1);
  readonly #cancelExitGuard: () => void;
  #besideCount = 0;
  #disposed: Promise<void> | null = null;

  /** `ports` in the order of the service's processes. The stack owns folder and ports from here on. */
  constructor(options: StackOptions, folder: StackFolder, ports: readonly PortReservation[]) {
    this.#options = options;
    this.#folder = folder;
    this.#ports = new Set(ports);
    this.service = options.service;
    const shared = { folder, events: options.events ?? {}, onGroupsChanged: this.#recordGroups.bind(this) };
    for (const [index, definition] of this.service.processes.entries()) {
      const port = ports[index];
      if (port === undefined)
        throw new WalproofError('INTERNAL', `no port for ${definition.name}`, 'Please report this.');
      this.#processes.set(definition.name, new ManagedProcess({ ...shared, definition, port }));
    }
    this.#cancelExitGuard = atProcessExit(() => this.#removeAtExit());
  }

  get processes() {
    return this.service.processes;
  }

  async start(names?: readonly string[]): Promise<void> {
    await this.#bringUp(this.#select(names));
  }

  async #bringUp(wanted: readonly ManagedProcess[]): Promise<void> {
    const started = await this.#exclusive(async () => {
      // What ended by itself may still be on its way out.
      await Promise.all(wanted.filter(({ isRunning }) => !isRunning).map(({ current }) => current?.ended));
      this.#refuseWhenDisposed('start');
      const spawn = async (managed: ManagedProcess) => ({
        managed,
        incarnation: managed.current ?? (await managed.spawn()),
      });
      return await Promise.all(wanted.map(spawn));
    });
    await awaitStarted(started, this.#options.startTimeoutMs ?? START_TIMEOUT_MS, this.#disposal.signal);
  }

  async stop(name: string): Promise<ProcessExit> {
    return await this.#process(name).stop();
  }

  async kill(names?: readonly string[]): Promise<void> {
    const wanted = this.#select(names);
    const besides = [...this.#besides].filter(({ name }) => wanted.some((each) => each.name === name));
    const incarnations = [...wanted, ...besides].flatMap(({ current }) => current ?? []);
    for (const incarnation of incarnations) incarnation.signalKill();
    await Promise.all(incarnations.map(({ ended }) => ended));
  }

  async pause(name: string): Promise<void> {
    const managed = this.#process(name);
    await this.#exclusive(async () => {
      const incarnation = managed.requireRunning();
      incarnation.paused = true;
      await incarnation.group.freeze();
    });
    managed.requireRunning();
  }

  async unpause(name: string): Promise<void> {
    const managed = this.#process(name);
    await this.#exclusive(async () => {
      const incarnation = managed.requireRunning();
      incarnation.paused = false;
      await incarnation.group.resume();
    });
    managed.requireRunning();
  }

  async replace(name: string, whileBothUp: (both: BothUp) => Promise<void>): Promise<ProcessExit> {
    const older = this.#process(name);
    const before = { ...older.requireRunning().identity, baseUrl: older.baseUrl };
    const newer = older.successor(await this.#reservePort());
    this.#besides.add(newer);
    try {
      await this.#bringUp([newer]);
      this.#processes.set(name, newer);
      this.#besides.delete(newer);
      this.#besides.add(older);
      const { identity } = newer.requireRunning();
      await whileBothUp({ older: before, newer: { ...identity, baseUrl: newer.baseUrl } });
    } finally {
      const leaving = this.#processes.get(name) === newer ? older : newer;
      await leaving.stop();
      for (const each of [older, newer]) this.#besides.delete(each);
      this.#releasePort(leaving.port);
    }
    return await older.stop();
  }

  async recreate(): Promise<void> {
    await this.kill();
    this.#refuseWhenDisposed('recreate');
    await installApp(this.#folder, this.#options);
  }

  isRunning(name: string): boolean {
    return this.#process(name).isRunning;
  }

  async identity(name: string): Promise<ProcessIdentity | null> {
    return this.#process(name).identity;
  }

  baseUrl(name: string): string {
    return this.#process(name).baseUrl;
  }

  lastLines(name: string, count?: number): string[] {
    return this.#process(name).lastLines(count);
  }

  async files(): Promise<FileFacts[]> {
    return await listDatabaseFolder(this.#folder.data, this.service.database);
  }

  async walIndexHead(): Promise<Uint8Array | null> {
    return await readWalIndexHead(this.#folder.data, this.service.database);
  }

  async runBeside(script: URL, args: readonly string[], options: { timeoutMs?: number } = {}): Promise<RunResult> {
    this.#refuseWhenDisposed('runBeside');
    this.#besideCount += 1;
    const result = runBeside({
      folder: this.#folder,
      script,
      args,
      timeoutMs: options.timeoutMs ?? BESIDE_TIMEOUT_MS,
      number: this.#besideCount,
      exclusive: this.#exclusive,
      disposal: this.#disposal.signal,
      onGroup: (group, change) => this.#onBeside(group, change),
    });
    return await result.catch((error: unknown) => {
      throw this.#disposal.signal.aborted ? interrupted('runBeside') : error;
    });
  }

  beside(onRefused: (refusal: Refusal) => void): Site {
    this.#refuseWhenDisposed('beside');
    const onGroup = (group: ProcessGroup, change: 'began' | 'ended') => this.#onBeside(group, change);
    const { database } = this.service;
    return ProcessSite.beside({ folder: this.#folder, cwd: this.#folder.app, database, onRefused, onGroup });
  }

  #onBeside(group: ProcessGroup, change: 'began' | 'ended'): void {
    if (change === 'began') this.#beside.add(group);
    else this.#beside.delete(group);
    this.#recordGroups(change);
  }

  async copyDatabase(toDir: string): Promise<string[]> {
    return await this.#exclusive(async () => {
      this.#refuseWhenDisposed('copyDatabase');
      const running = this.#current().filter(({ paused }) => !paused);
      const groups = [...running.map(({ group }) => group), ...this.#beside];
      return await copyDatabase(join(this.#folder.data, this.service.database), toDir, groups);
    });
  }

  async filesystem(): Promise<string> {
    return await filesystemType(this.#folder.data);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    await this.#disposed;
  }

  async #dispose(): Promise<void> {
    this.#disposal.abort();
    const beside = [...this.#beside].map((group) => group.kill());
    try {
      await Promise.all([this.kill(), ...beside]);
    } finally {
      for (const port of this.#ports) port.release();
    }
    removeFolder(this.#folder.path);
    this.#cancelExitGuard();
  }

  /** For a process that exits without having disposed the stack; nothing can be awaited there. */
  #removeAtExit(): void {
    for (const group of this.#groups()) group.signal('SIGKILL');
    removeFolder(this.#folder.path);
  }

  #current() {
    return [...this.#processes.values(), ...this.#besides].flatMap(({ current }) => current ?? []);
  }

  async #reservePort(): Promise<PortReservation> {
    const port = await reservePort();
    this.#ports.add(port);
    return port;
  }

  #releasePort(port: PortReservation): void {
    this.#ports.delete(port);
    port.release();
  }

  #groups(): ProcessGroup[] {
    return [...this.#current().map(({ group }) => group), ...this.#beside];
  }

  #recordGroups(change: 'began' | 'ended'): void {
    // The last record names all that disposal kills, and the folder may be gone already.
    if (this.#disposal.signal.aborted) return;
    try {
      writeOwnerRecord(this.#folder.path, this.#groups());
    } catch (error) {
      // The record before names a group too many then, which harms nobody: its leader is not the one recorded any more.
      if (change === 'began' || !isDiskFull(error)) throw asDiskFull(error, this.#folder.path);
    }
  }

  #process(name: string): ManagedProcess {
    const managed = this.#processes.get(name);
    if (managed !== undefined) return managed;
    const known = [...this.#processes.keys()].join(', ');
    throw new WalproofError(
      'INTERNAL',
      `${this.service.name} has no process ${name}, only ${known}`,
      'Use one of these names.',
    );
  }

  #select(names?: readonly string[]): ManagedProcess[] {
    return names === undefined ? [...this.#processes.values()] : names.map((name) => this.#process(name));
  }

  #refuseWhenDisposed(what: string): void {
    if (this.#disposal.signal.aborted) throw interrupted(what);
  }
}
