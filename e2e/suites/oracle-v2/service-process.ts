import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { until } from '../../engine/shared/until.ts';

const SERVICE_DIR = fileURLToPath(new URL('../../../fixtures/oracle-v2/', import.meta.url));
const START_MS = 30_000;
const END_MS = 30_000;

export interface Ended {
  exitCode: number | null;
  signal: string | null;
  elapsedMs: number;
}

interface LogLine {
  event?: string;
  err?: { code: string; message: string };
  [field: string]: unknown;
}

/** One real process of Oracle V2 with its database process, in a process group of its own. */
export class OracleProcess implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<Ended>;
  #output = '';

  private constructor(entry: string, port: number, env: Record<string, string>) {
    this.url = `http://127.0.0.1:${port}`;
    const startedAt = performance.now();
    this.#child = spawn(process.execPath, [`src/${entry}.ts`], {
      cwd: SERVICE_DIR,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (exitCode, signal) =>
        resolve({ exitCode, signal, elapsedMs: performance.now() - startedAt }),
      );
    });
  }

  /** Of the main process. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Started, but perhaps never healthy: for tests of a start that fails. */
  static async launch(entry: 'main' | 'indexer', dataDir: string, env: Record<string, string> = {}) {
    const port = await freePort();
    return new OracleProcess(entry, port, {
      ORACLE_PORT: String(port),
      INDEXER_PORT: String(port),
      ORACLE_DATA_DIR: dataDir,
      INDEX_INTERVAL: '50',
      ...env,
    });
  }

  /** Started and healthy. */
  static async start(entry: 'main' | 'indexer', dataDir: string, env: Record<string, string> = {}) {
    const started = await OracleProcess.launch(entry, dataDir, env);
    const healthPath = entry === 'main' ? '/api/health' : '/health';
    let seen: Response | TypeError | undefined;
    const healthy = async (): Promise<boolean> => {
      if (started.#child.exitCode !== null) throw new Error(`${entry} ended at its start:\n${started.output}`);
      seen = await fetch(started.url + healthPath).catch((error: TypeError) => error);
      return seen instanceof Response && seen.ok;
    };
    if (!(await until(healthy, { deadlineMs: START_MS }))) {
      await started.kill();
      throw new Error(`${entry} was not healthy within ${START_MS} ms (${inspect(seen)}):\n${started.output}`);
    }
    return started;
  }

  get output(): string {
    return this.#output;
  }

  /** Its JSON lines so far. */
  get log(): LogLine[] {
    return this.#output
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as LogLine);
  }

  /** SIGKILL to it and its database process at once. */
  async kill(): Promise<void> {
    this.#signalGroup('SIGKILL');
    await this.#ended;
  }

  /** SIGTERM; how it ended, and how long after the signal. */
  async stop(): Promise<Ended> {
    const askedAt = performance.now();
    this.#child.kill('SIGTERM');
    const ended = await this.ended();
    return { ...ended, elapsedMs: performance.now() - askedAt };
  }

  async ended(): Promise<Ended> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`it did not end within ${END_MS} ms:\n${this.output}`)),
      END_MS,
    );
    try {
      return await Promise.race([this.#ended, late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #signalGroup(signal: NodeJS.Signals): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** A port nobody listens on at the moment. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
