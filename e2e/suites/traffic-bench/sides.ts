/** Both sides of the bench: the same server, asked by autocannon or by our traffic, each in a process of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BODY, PATH, type Route } from './calls.ts';
import type { ClientAnswer } from './client.ts';

const run = promisify(execFile);
const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const AUTOCANNON = createRequire(import.meta.url).resolve('autocannon');

/** Both in requests per second. */
export interface Pair {
  autocannon: number;
  traffic: number;
}

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
  const early = trafficFirst ? await askByTraffic(asking) : null;
  const autocannon = await askByAutocannon(asking);
  return { autocannon, traffic: early ?? (await askByTraffic(asking)) };
}

async function askByAutocannon({ url, clients, seconds, route }: Asking): Promise<number> {
  const body = route === 'GET' ? [] : ['-H', 'content-type=application/json', '-b', JSON.stringify(BODY)];
  const warm = ['--warmup', '[', '-c', `${clients}`, '-d', '1', ']'];
  const args = [
    AUTOCANNON,
    '--json',
    ...warm,
    '-c',
    `${clients}`,
    '-d',
    `${seconds}`,
    '-m',
    route,
    ...body,
    `${url}${PATH}`,
  ];
  const { stdout } = await run(process.execPath, args, { maxBuffer: 16 * 1024 * 1024 });
  const answer = JSON.parse(stdout) as { duration: number; errors: number; '2xx': number; non2xx: number };
  if (answer.errors + answer.non2xx > 0)
    throw new Error(`autocannon was refused ${answer.errors + answer.non2xx} times`);
  return answer['2xx'] / answer.duration;
}

async function askByTraffic({ url, clients, seconds, route }: Asking): Promise<number> {
  const args = [file('./client.ts'), url, `${clients}`, `${1_000 * seconds}`, route];
  const { stdout } = await run(process.execPath, args);
  const { requests, failed, elapsedMs } = JSON.parse(stdout) as ClientAnswer;
  if (failed > 0) throw new Error(`the traffic was refused ${failed} times`);
  return (1_000 * requests) / elapsedMs;
}
