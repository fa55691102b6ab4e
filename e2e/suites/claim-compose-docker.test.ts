/**
 * Claim:  `docker compose up` brings both services and the live page up healthy; WAL and every acknowledged message survive `docker compose
 *         kill`; `docker compose down -v` leaves nothing.
 * Method: the project's own compose file under a project name and ports of the test's own.
 * Red as: an unhealthy container, a missing sidecar, a lost message, a container or volume that stays.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Now } from '../dashboard/state.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROJECT = `walproof-claim-${randomBytes(3).toString('hex')}`;
const UP_DEADLINE_MS = 300_000;
const env: NodeJS.ProcessEnv = { ...process.env };

async function docker(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('docker', args, {
    cwd: ROOT,
    env,
    timeout: UP_DEADLINE_MS,
    maxBuffer: 1 << 26,
  });
  return stdout;
}

const compose = (...args: string[]) => docker('compose', '--project-name', PROJECT, ...args);

async function freePort(): Promise<number> {
  const server = createServer();
  const listening = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', listening.resolve);
  await listening.promise;
  const { port } = server.address() as { port: number };
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  await closed.promise;
  return port;
}

const nanoclaw = (path: string) => `http://127.0.0.1:${env['NANOCLAW_PORT']}${path}`;
const oracle = (path: string) => `http://127.0.0.1:${env['ORACLE_PORT']}${path}`;

async function journalMode(service: string, file: string): Promise<string> {
  const program = `const D = require('better-sqlite3'); const d = new D('${file}'); console.log(d.pragma('journal_mode', { simple: true })); d.close()`;
  return (await compose('exec', '-T', service, 'node', '-e', program)).trim();
}

async function post(url: string, body: unknown): Promise<number> {
  const reply = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await reply.body?.cancel();
  return reply.status;
}

beforeAll(async () => {
  env['NANOCLAW_PORT'] = String(await freePort());
  env['ORACLE_PORT'] = String(await freePort());
  env['OBSERVER_PORT'] = String(await freePort());
  try {
    await compose('up', '--detach', '--wait', '--build');
  } catch (error) {
    // `--wait` calls a container unhealthy that has ended and is being started again; why it ended is in its log alone.
    const told = await Promise.all([compose('ps', '--all'), compose('logs', '--no-color')]);
    throw new Error(told.join('\n'), { cause: error });
  }
}, UP_DEADLINE_MS);

afterAll(async () => {
  await compose('down', '--volumes', '--timeout', '5');
}, UP_DEADLINE_MS);

test('every container is healthy, and published on 127.0.0.1 only', async () => {
  const lines = (await compose('ps', '--format', '{{.Service}} {{.Health}} {{.Ports}}')).trim().split('\n');
  expect(lines.length).toBe(6);
  for (const line of lines) {
    expect(line).toMatch(/ healthy/);
    expect(line).not.toMatch(/0\.0\.0\.0|\[::\]/);
  }
});

test('the live page is served, sees every process and both databases, and cannot write to them', async () => {
  const page = `http://127.0.0.1:${env['OBSERVER_PORT']}`;
  const look = async () => (await (await fetch(`${page}/now`)).json()) as Now;
  const seen = async () => {
    const { services } = await look();
    return services.flatMap(({ processes }) => processes.map(({ name, state }) => `${name} ${state}`));
  };
  const all = ['nanoclaw', 'nanoclaw-agent-1', 'nanoclaw-agent-2', 'oracle', 'oracle-indexer'];
  await expect.poll(seen, { timeout: 20_000 }).toEqual(all.map((name) => `${name} up`));
  // The processes are asked and the files are looked at by clocks of their own.
  const problems = async () => (await look()).services.map(({ wal }) => wal.problem);
  await expect.poll(problems, { timeout: 20_000 }).toEqual([null, null]);
  const { services, traffic } = await look();
  for (const { wal } of services)
    expect(wal).toMatchObject({ problem: null, walBytes: expect.any(Number), frames: expect.any(Number) });
  expect(traffic.state).toBe('off');
  await expect(compose('exec', '-T', 'observer', 'touch', '/watched/nanoclaw/x')).rejects.toThrow(
    'Read-only file system',
  );
  expect(await (await fetch(page)).text()).toContain('walproof');
});

test('each database has its -wal and -shm', async () => {
  expect(await compose('exec', '-T', 'nanoclaw', 'ls', '/data/store')).toMatch(/messages\.db-shm\s+messages\.db-wal/);
  expect(await compose('exec', '-T', 'oracle', 'ls', '/data')).toMatch(/oracle\.db-shm\s+oracle\.db-wal/);
});

test(
  'WAL and every acknowledged message survive docker compose kill',
  async () => {
    const ids = Array.from({ length: 50 }, (_, n) => `compose-${n}`);
    for (const id of ids) {
      const message = { id, chat_jid: 'main@g.us', sender: 'claim', content: `message ${id}` };
      expect(await post(nanoclaw('/messages'), message)).toBe(201);
      expect(await post(oracle('/api/learn'), { pattern: `learning ${id}` })).toBeLessThan(300);
    }
    await compose('kill');
    await compose('up', '--detach', '--wait');
    expect(await journalMode('nanoclaw', '/data/store/messages.db')).toBe('wal');
    expect(await journalMode('oracle', '/data/oracle.db')).toBe('wal');
    const reply = await fetch(nanoclaw(`/messages?chat_jid=${encodeURIComponent('main@g.us')}&since=&limit=1000`));
    const { messages } = (await reply.json()) as { messages: { id: string }[] };
    expect(ids.filter((id) => !messages.some((message) => message.id === id))).toEqual([]);
    for (const id of ids) {
      const found = await fetch(oracle(`/api/search?q=${id}&limit=50`));
      expect(await found.text(), `learning ${id} is found`).toContain(`learning ${id}`);
    }
  },
  UP_DEADLINE_MS,
);

test(
  'docker compose down -v leaves nothing',
  async () => {
    await compose('down', '--volumes');
    const filter = `label=com.docker.compose.project=${PROJECT}`;
    expect((await docker('ps', '-aq', '--filter', filter)).trim()).toBe('');
    expect((await docker('volume', 'ls', '-q', '--filter', filter)).trim()).toBe('');
    expect((await docker('network', 'ls', '-q', '--filter', filter)).trim()).toBe('');
  },
  UP_DEADLINE_MS,
);
