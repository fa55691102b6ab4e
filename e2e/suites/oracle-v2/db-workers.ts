import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Outcome, WorkerCommands } from './db-commands.ts';

const ROOT = new URL('../../../', import.meta.url);

export const DB_MODULES = {
  patched: new URL('fixtures/oracle-v2/src/server/db.ts', ROOT),
  unpatched: new URL('fixtures/variants/oracle-v2/unpatched.ts', ROOT),
  'seed-literal': new URL('fixtures/variants/oracle-v2/seed-literal.ts', ROOT),
} as const;

export const MIGRATIONS = fileURLToPath(new URL('fixtures/oracle-v2/drizzle', ROOT));
export const LEGACY_DATABASE = fileURLToPath(new URL('fixtures/databases/oracle-v2-legacy.db', ROOT));

/** A worker process, seen from the test. Ends with the test, or when the test's process ends. */
export class DbWorker implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, (outcome: Outcome<unknown>) => void>();
  #nextId = 1;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(dbModule: URL): Promise<DbWorker> {
    const child = fork(fileURLToPath(new URL('./db-worker.ts', import.meta.url)), [dbModule.href], {
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
  readonly #workers = new Map<string, Promise<DbWorker>>();

  /** A worker with the given db module; the same number is the same process. */
  get(variant: keyof typeof DB_MODULES, number = 0): Promise<DbWorker> {
    const key = `${variant} ${number}`;
    const worker = this.#workers.get(key) ?? DbWorker.start(DB_MODULES[variant]);
    this.#workers.set(key, worker);
    return worker;
  }

  many(count: number, variant: keyof typeof DB_MODULES): Promise<DbWorker[]> {
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
  }
}
