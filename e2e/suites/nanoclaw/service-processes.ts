import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type PortReservation, reservePort } from '../../engine/process/port-reservation.ts';
import { until } from '../../engine/shared/until.ts';
import { nanoclaw } from '../../services/nanoclaw.ts';
import { copyApp, LEGACY_DATABASE, temporaryFolder } from './app-copy.ts';

/** Generous: a machine with work to do needs seconds for what takes half a second. */
export const DEADLINE_MS = 60_000;

export interface Ended {
  exitCode: number | null;
  signal: string | null;
  /** From the signal to the end. */
  ms: number;
}

/** The processes of one NanoClaw on one data folder, as the service definition describes them. All go with the test. */
export class NanoclawProcesses implements AsyncDisposable {
  readonly #folder = temporaryFolder();
  readonly #app: string;
  readonly #running = new Map<string, { child: ChildProcess; ended: Promise<Ended> }>();
  readonly #ports = new Map<string, PortReservation>();
  readonly #lines = new Map<string, string[]>();
  readonly data = join(this.#folder.path, 'data');
  readonly database = join(this.data, nanoclaw.database);

  /** @param dbModule text to put in the db module's place. */
  constructor(dbModule?: string) {
    mkdirSync(this.data);
    this.#app = copyApp(this.#folder.path, dbModule);
  }

  /** Puts the legacy database in place, before anything starts. */
  seedLegacyDatabase(): void {
    mkdirSync(dirname(this.database), { recursive: true });
    copyFileSync(LEGACY_DATABASE, this.database);
  }

  /** Starts the processes together and waits until each is healthy. */
  async start(...names: string[]): Promise<void> {
    for (const name of names) await this.spawn(name);
    for (const name of names) await this.#healthy(name);
  }

  /** Starts one process, without waiting for it. */
  async spawn(name: string, overrides: Record<string, string> = {}): Promise<void> {
    const definition = nanoclaw.processes.find((process) => process.name === name);
    if (definition === undefined) throw new Error(`nanoclaw has no process ${name}`);
    const { port } = this.#ports.get(name) ?? (await this.#reserve(name));
    const values: Record<string, string> = { data: this.data, port: String(port), process: name };
    const env: Record<string, string> = {};
    for (const [key, value] of Object.entries(definition.env)) {
      env[key] = value.replace(/\{(\w+)\}/g, (whole, what: string) => values[what] ?? whole);
    }
    // A group of its own, so that SIGKILL reaches its database process in the same moment, as in a container.
    const child = spawn(process.execPath, [definition.entry], {
      cwd: this.#app,
      env: { PATH: process.env['PATH'] ?? '', ...env, ...overrides },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#listen(name, child);
    const ended = new Promise<Ended>((resolve) =>
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal, ms: 0 })),
    );
    this.#running.set(name, { child, ended });
  }

  /** SIGKILL to a process with its children. */
  async kill(name: string): Promise<void> {
    await this.#signal(name, () => killGroup(this.#child(name)));
  }

  /** SIGKILL to the main process alone; the answer tells whether its children are gone as well. */
  async killMain(name: string): Promise<() => boolean> {
    const child = this.#child(name);
    await this.#signal(name, () => child.kill('SIGKILL'));
    return () => !hasMembers(child);
  }

  /** SIGTERM to the main process alone; it has to end its children. */
  stop(name: string): Promise<Ended> {
    return this.#signal(name, () => this.#child(name).kill('SIGTERM'));
  }

  /** Waits for a process that ends by itself. */
  ended(name: string): Promise<Ended> {
    return this.#signal(name, () => undefined);
  }

  url(name: string, path: string): string {
    return `http://127.0.0.1:${this.#ports.get(name)?.port}${path}`;
  }

  lines(name: string): readonly string[] {
    return this.#lines.get(name) ?? [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.kill(name)));
    for (const port of this.#ports.values()) port.release();
    this.#folder[Symbol.dispose]();
  }

  /** Of its main process. */
  pid(name: string): number {
    return this.#child(name).pid ?? 0;
  }

  #child(name: string): ChildProcess {
    const running = this.#running.get(name);
    if (running === undefined) throw new Error(`${name} does not run`);
    return running.child;
  }

  async #signal(name: string, send: () => void): Promise<Ended> {
    const startedAt = performance.now();
    const { ended } = this.#running.get(name) ?? {};
    if (ended === undefined) throw new Error(`${name} does not run`);
    send();
    const end = await ended;
    this.#running.delete(name);
    return { ...end, ms: performance.now() - startedAt };
  }

  async #reserve(name: string): Promise<PortReservation> {
    const reservation = await reservePort();
    this.#ports.set(name, reservation);
    return reservation;
  }

  #listen(name: string, child: ChildProcess): void {
    const lines = this.#lines.get(name) ?? [];
    this.#lines.set(name, lines);
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => lines.push(line));
    }
  }

  async #healthy(name: string): Promise<void> {
    const child = this.#child(name);
    const healthy = await until(
      async () => {
        if (child.exitCode !== null)
          throw new Error(`${name} ended at start:\n${this.lines(name).slice(-20).join('\n')}`);
        return (await statusOf(this.url(name, '/health'))) === 200;
      },
      { deadlineMs: DEADLINE_MS },
    );
    if (!healthy) throw new Error(`${name} was not healthy within ${DEADLINE_MS} ms:\n${this.lines(name).join('\n')}`);
  }
}

/** The HTTP status of a GET, undefined when nobody answers. */
async function statusOf(url: string): Promise<number | undefined> {
  try {
    return (await fetch(url)).status;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function hasMembers({ pid = 0 }: ChildProcess): boolean {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) throw new Error('the process was never started');
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    // It had ended already.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
