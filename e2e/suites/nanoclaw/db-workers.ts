import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Command, Outcome } from './db-worker.ts';

/** A worker process, seen from the test. It ends with the test, or when the test's process ends. */
export class DbWorker implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, (outcome: Outcome) => void>();
  #nextId = 1;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** @param dbModule path of the db module, in its place beside its siblings. */
  static async start(dbModule: string): Promise<DbWorker> {
    const child = fork(join(import.meta.dirname, 'db-worker.ts'), [dbModule], {
      serialization: 'advanced',
      execArgv: [],
    });
    const worker = new DbWorker(child);
    const ready = Promise.withResolvers<Outcome>();
    worker.#pending.set(0, ready.resolve);
    child.on('message', ({ id, outcome }: { id: number; outcome: Outcome }) => worker.#settle(id, outcome));
    child.on('exit', (code, signal) => {
      const message = `the worker ended (${signal ?? `exit code ${code}`})`;
      for (const id of [...worker.#pending.keys()])
        worker.#settle(id, { ok: false, code: 'WORKER_GONE', message, ms: 0 });
    });
    const outcome = await ready.promise;
    if (!outcome.ok) throw new Error(outcome.message);
    return worker;
  }

  /** Never rejects: a refusal is an outcome, which the test judges. */
  run(method: string, ...args: unknown[]): Promise<Outcome> {
    return this.#send({ method, args });
  }

  /** The same, begun at a moment of the monotonic clock. */
  runAt(atNs: bigint, method: string, ...args: unknown[]): Promise<Outcome> {
    return this.#send({ method, args, atNs });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await exited;
  }

  #send(command: Omit<Command, 'id'>): Promise<Outcome> {
    const id = this.#nextId++;
    const reply = Promise.withResolvers<Outcome>();
    this.#pending.set(id, reply.resolve);
    this.#child.send({ id, ...command });
    return reply.promise;
  }

  #settle(id: number, outcome: Outcome): void {
    this.#pending.get(id)?.(outcome);
    this.#pending.delete(id);
  }
}
