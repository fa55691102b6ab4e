import { type ChildProcess, fork } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Outcome, WorkerCommands } from './db-commands.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SERVER_DIR = join(ROOT, 'fixtures/oracle-v2/src/server');

export type Variant = 'patched' | 'unpatched' | 'seed-literal';

export const MIGRATIONS = join(ROOT, 'fixtures/oracle-v2/drizzle');
export const LEGACY_DATABASE = join(ROOT, 'fixtures/databases/oracle-v2-legacy.db');

/** The db module of a variant, with a copy of what stands beside the module it replaces. */
function placeVariant(variant: Variant, folder: string): string {
  if (variant === 'patched') return join(SERVER_DIR, 'db.ts');
  const place = join(folder, variant);
  cpSync(SERVER_DIR, place, { recursive: true });
  copyFileSync(join(ROOT, `fixtures/variants/oracle-v2/${variant}.ts`), join(place, 'db.ts'));
  return join(place, 'db.ts');
}

/** A worker process, seen from the test. Ends with the test, or when the test's process ends. */
export class DbWorker implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, (outcome: Outcome<unknown>) => void>();
  #nextId = 1;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(dbModule: string): Promise<DbWorker> {
    const child = fork(fileURLToPath(new URL('./db-worker.ts', import.meta.url)), [pathToFileURL(dbModule).href], {
      serialization: 'advanced',
      execArgv: [],
    });
    const worker = new DbWorker(child);
    const started = Promise.withResolvers<Outcome<unknown>>();
    worker.#pending.set(0, started.resolve);
    child.on('message', ({ id, outcome }: { id: number; outcome: Outcome<unknown> }) => {
      worker.#pending.get(id)?.(outcome);
      worker.#pending.delete(id);
    });
    child.on('exit', (code, signal) => {
      const message = `the worker ended (${signal ?? code})`;
      const gone = { ok: false as const, code: 'WORKER_GONE', ownCode: null, message, elapsedMs: 0 };
      for (const settle of worker.#pending.values()) settle(gone);
      worker.#pending.clear();
    });
    const outcome = await started.promise;
    if (!outcome.ok) throw new Error(outcome.message);
    return worker;
  }

  /** Never rejects: a refusal is an outcome, which the test judges. */
  run<K extends keyof WorkerCommands>(
    name: K,
    ...args: Parameters<WorkerCommands[K]>
  ): Promise<Outcome<ReturnType<WorkerCommands[K]>>> {
    const id = this.#nextId++;
    const reply = Promise.withResolvers<Outcome<unknown>>();
    this.#pending.set(id, reply.resolve);
    this.#child.send({ id, name, args });
    return reply.promise as Promise<Outcome<ReturnType<WorkerCommands[K]>>>;
  }

  /** The same, for steps that only prepare a test. */
  async must<K extends keyof WorkerCommands>(name: K, ...args: Parameters<WorkerCommands[K]>): Promise<void> {
    const outcome = await this.run(name, ...args);
    if (!outcome.ok) throw new Error(`${name} failed: ${outcome.code}: ${outcome.message}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await exited;
  }
}

/** The workers of one test file. Starting a process costs more than most tests, so each is started once and used again. */
export class WorkerPool implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'walproof-db-modules-'));
  readonly #modules = new Map<Variant, string>();
  readonly #workers = new Map<string, Promise<DbWorker>>();

  constructor() {
    symlinkSync(join(ROOT, 'node_modules'), join(this.#folder, 'node_modules'));
    writeFileSync(join(this.#folder, 'package.json'), '{ "type": "module" }');
  }

  /** A worker with the given db module; the same number is the same process. */
  get(variant: Variant, number = 0): Promise<DbWorker> {
    const module = this.#modules.get(variant) ?? placeVariant(variant, this.#folder);
    this.#modules.set(variant, module);
    const key = `${variant} ${number}`;
    const worker = this.#workers.get(key) ?? DbWorker.start(module);
    this.#workers.set(key, worker);
    return worker;
  }

  many(count: number, variant: Variant): Promise<DbWorker[]> {
    return Promise.all(Array.from({ length: count }, (_, number) => this.get(variant, number)));
  }

  /** Closes whatever a test has left open. */
  async closeAll(): Promise<void> {
    const workers = await Promise.all(this.#workers.values());
    await Promise.all(workers.flatMap((worker) => [worker.must('close'), worker.must('plainClose')]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const workers = await Promise.all(this.#workers.values());
    await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
