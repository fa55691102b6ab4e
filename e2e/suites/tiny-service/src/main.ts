/**
 * The smallest service with what an engine can get wrong: a database, a child process, a health route, a SIGTERM handler.
 * `TINY_MODE`: `crash` ends at start, `unhealthy` never answers 200, `stubborn` ignores SIGTERM.
 */
import { fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { openDatabase, variant } from './db.ts';

const { TINY_MODE: mode, TINY_PROCESS: name = 'tiny', TINY_DATA: data = '.', TINY_PORT: port } = process.env;

if (mode === 'crash') {
  for (let line = 1; line <= 30; line++) console.log(`tiny: line ${line} before the crash`);
  throw new Error('tiny: crash at start');
}

for (const folder of ['store', 'locks']) mkdirSync(join(data, folder), { recursive: true });
const db = openDatabase(join(data, 'store', 'tiny.db'));
let locked = false;
const holder = fork(join(import.meta.dirname, 'lock-holder.ts'), [join(data, 'locks', `${name}.db`)]);
holder.once('message', () => {
  locked = true;
});

const routes: Record<string, (value: string) => [status: number, body: unknown]> = {
  'GET /health': () => [locked && mode !== 'unhealthy' ? 200 : 503, { variant, mode: mode ?? 'plain' }],
  'GET /pid': () => [200, { pid: process.pid, holder: holder.pid }],
  'GET /items': () => [200, db.prepare('SELECT value FROM items ORDER BY value').pluck().all()],
  'POST /items': (value) => [201, db.prepare('INSERT INTO items VALUES (?)').run(value).changes],
  'POST /exit': () => process.exit(3),
};

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://tiny');
  const [status, body] = routes[`${request.method} ${url.pathname}`]?.(url.searchParams.get('value') ?? '') ?? [
    404,
    null,
  ];
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
server.listen(Number(port), process.env['HOST'] ?? '127.0.0.1', () => console.log(`tiny: ${name} listens on ${port}`));

process.on('SIGTERM', () => {
  if (mode === 'stubborn') {
    console.log('tiny: SIGTERM ignored');
    return;
  }
  server.close();
  server.closeAllConnections();
  holder.kill('SIGKILL');
  holder.disconnect();
  db.close();
  console.log('tiny: bye');
});
