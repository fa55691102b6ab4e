/** Who holds which lock while traffic runs, from the kernel's table, twenty times a second. */
import { messageOf } from '../model/errors.ts';
import type { Recorder } from '../model/scenario.ts';
import type { Stack } from '../model/stack.ts';
import { LockHolds } from './lock-holds.ts';
import { deviceName, type KernelLock, type LockedFile, lockNames, readLockTable } from './lock-table.ts';
import { commandOf, processFacts } from './process-facts.ts';
import { everyMs, type Repeated } from './repeated.ts';

const PERIOD_MS = 50;
/** Sidecars are made anew with a restart; a lock on a file that is not known yet is seen half a second later. */
const FILES_EVERY_MS = 500;
/** A program that walproof runs beside the services: a numbered copy of a file, or a source that names itself. */
const OWN_PROGRAM = /(?:^|[\s/])(?:\d+-)?([\w-]+)\.ts\b/;
/** From a database process up to the process that the engine started. */
const MOST_PARENTS = 6;

interface WatchedFile {
  file: LockedFile;
  device: string;
}

export function startLockSampler(stack: Stack, recorder: Recorder, onProblem: (message: string) => void): Repeated {
  const sampler = new LockSampler(stack, recorder, onProblem);
  const sampling = everyMs(
    PERIOD_MS,
    () => sampler.sample(),
    (error) => onProblem(`a look at the locks failed: ${messageOf(error)}`),
  );
  return {
    async stop() {
      await sampling.stop();
      await sampler.end();
    },
  };
}

class LockSampler {
  readonly #stack: Stack;
  readonly #recorder: Recorder;
  readonly #onProblem: (message: string) => void;
  readonly #startedAtMs: number;
  readonly #holds = new LockHolds();
  /** By inode. */
  #files = new Map<number, WatchedFile>();
  #looking: Promise<void> | null = null;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  /** Processes of the service by pid of this machine. */
  #names = new Map<number, string>();
  readonly #known = new Map<number, { process: string | null; command: string }>();
  #samples = 0;
  #cpuMs = 0;
  #unseen: string | null = null;

  constructor(stack: Stack, recorder: Recorder, onProblem: (message: string) => void) {
    this.#stack = stack;
    this.#recorder = recorder;
    this.#onProblem = onProblem;
    this.#startedAtMs = recorder.nowMs();
  }

  async sample(): Promise<void> {
    const atMs = this.#recorder.nowMs();
    // Not waited for: the answer of a container takes longer than a sample may.
    if (atMs - this.#lookedAtMs >= FILES_EVERY_MS) this.#looking ??= this.#look(atMs);
    if (this.#files.size === 0) return;
    const before = process.threadCpuUsage();
    const table = readLockTable(new Set(this.#files.keys()));
    if (table === null) this.#unseen = 'the kernel shows no table of locks here (/proc/locks)';
    else this.#take(table, atMs);
    const { user, system } = process.threadCpuUsage(before);
    this.#cpuMs += (user + system) / 1_000;
  }

  async end(): Promise<void> {
    await this.#looking;
    for (const hold of this.#holds.end()) this.#recorder.observe(hold);
    this.#recorder.observe({
      kind: 'locks-sampled',
      atMs: this.#startedAtMs,
      endedAtMs: this.#recorder.nowMs(),
      samples: this.#samples,
      periodMs: PERIOD_MS,
      cpuMs: Math.round(this.#cpuMs * 10) / 10,
      dropped: this.#holds.dropped,
      unseen: this.#unseen,
    });
  }

  #take(table: readonly KernelLock[], atMs: number): void {
    this.#samples++;
    const seen = table.flatMap((lock) => {
      const on = this.#files.get(lock.inode);
      if (on === undefined || on.device !== lock.device || lock.waits || lock.pid === process.pid) return [];
      const { process: name, command } = this.#who(lock.pid);
      return lockNames(lock, on.file).map((name_) => ({
        lock: name_,
        mode: lock.mode,
        pid: lock.pid,
        process: name,
        command,
      }));
    });
    for (const hold of this.#holds.sample(atMs, seen)) this.#recorder.observe(hold);
  }

  async #look(atMs: number): Promise<void> {
    this.#lookedAtMs = atMs;
    try {
      const files = await this.#stack.files();
      const { database } = this.#stack.service;
      const watched = files.flatMap(({ path, inode, device }): [number, WatchedFile][] => {
        const file = path === database ? 'db' : path === `${database}-shm` ? '-shm' : null;
        return file === null ? [] : [[inode, { file, device: deviceName(device) }]];
      });
      this.#files = new Map(watched);
      const names = this.#stack.processes.map(
        async ({ name }) => [(await this.#stack.identity(name))?.pid, name] as const,
      );
      for (const [pid, name] of await Promise.all(names)) if (pid !== undefined) this.#names.set(pid, name);
      if (![...this.#names.keys()].some((pid) => processFacts(pid) !== null))
        this.#unseen = 'the processes of the service are not on this machine';
    } catch (error) {
      this.#onProblem(`a look at the files for their locks failed: ${messageOf(error)}`);
    } finally {
      this.#looking = null;
    }
  }

  /** By its parents: the database is held by a child of the process that the engine knows. */
  #who(pid: number): { process: string | null; command: string } {
    const known = this.#known.get(pid);
    if (known !== undefined) return known;
    const command = commandOf(pid);
    let process: string | null = null;
    for (let [at, steps] = [pid, 0]; at > 1 && steps < MOST_PARENTS && process === null; steps++) {
      process = this.#names.get(at) ?? null;
      at = processFacts(at)?.parent ?? 0;
    }
    const [, program] = OWN_PROGRAM.exec(command) ?? [];
    const who = { process: process ?? (program === undefined ? null : `walproof's ${program}`), command };
    // One that has just been started is known by its name half a second later.
    if (process !== null || atLeastOneLook(this.#lookedAtMs, this.#startedAtMs)) this.#known.set(pid, who);
    return who;
  }
}

function atLeastOneLook(lookedAtMs: number, startedAtMs: number): boolean {
  return lookedAtMs > startedAtMs + FILES_EVERY_MS;
}
