/** Both sides of the bench: the same server, asked by autocannon or by our traffic, each in a process of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Answer, Route } from './calls.ts';

const run = promisify(execFile);
const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const PROGRAMS = { autocannon: file('./autocannon.ts'), traffic: file('./client.ts') };

export interface Asked {
  requestsPerSecond: number;
  /** Of the asking process, in µs per request: less at the mercy of what else runs. */
  cpuUs: number;
}

export type Pair = Record<keyof typeof PROGRAMS, Asked>;

export interface Asking {
  url: string;
  clients: number;
  seconds: number;
  route: Route;
}

export async function startServer(): Promise<{ url: string } & AsyncDisposable> {
  const server: ChildProcess = spawn(process.execPath, [file('./server.ts')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [port] = (await once(server.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return {
    url: `http://127.0.0.1:${String(port).trim()}`,
    async [Symbol.asyncDispose]() {
      const ended = once(server, 'exit');
      server.stdin?.end();
      await ended;
    },
  };
}

/** In turns: what grows slower favours neither. */
export async function pairOf(asking: Asking, trafficFirst: boolean): Promise<Pair> {
  const early = trafficFirst ? await ask('traffic', asking) : null;
  const autocannon = await ask('autocannon', asking);
  return { autocannon, traffic: early ?? (await ask('traffic', asking)) };
}

async function ask(by: keyof Pair, { url, clients, seconds, route }: Asking): Promise<Asked> {
  const { stdout } = await run(process.execPath, [PROGRAMS[by], url, `${clients}`, `${1_000 * seconds}`, route]);
  const { requests, failed, elapsedMs, cpuMs } = JSON.parse(stdout) as Answer;
  if (failed > 0) throw new Error(`expected every request by ${by} to be answered, ${failed} were not`);
  return { requestsPerSecond: (1_000 * requests) / elapsedMs, cpuUs: (1_000 * cpuMs) / requests };
}
