/**
 * The smallest service with what an engine can get wrong: a database, a child process, a health route, a SIGTERM handler.
 * `TINY_MODE`: `shared` forks no child, so that two of one name can run, `crash` ends at start, `unhealthy` never answers 200, `stubborn` ignores SIGTERM.
 */
import { fork } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { openDatabase, variant } from './db.ts';

const { TINY_MODE: mode, TINY_PROCESS: name = 'tiny', TINY_DATA: data = '.', TINY_PORT: port } = process.env;

if (mode === 'crash') {
  // On the stream of what is thrown: between two streams no order is promised.
  for (let line = 1; line <= 30; line++) console.error(`tiny: line ${line} before the crash`);
  throw new Error('tiny: crash at start');
}

for (const folder of ['store', 'locks']) mkdirSync(join(data, folder), { recursive: true });
const db = openDatabase(join(data, 'store', 'tiny.db'));
let locked = mode === 'shared';
const holder = locked ? null : fork(join(import.meta.dirname, 'lock-holder.ts'), [join(data, 'locks', `${name}.db`)]);
holder?.once('message', () => {
  locked = true;
});

let silences = 0;
const routes: Record<string, (value: string) => [status: number, body: unknown]> = {
  'GET /health': () => [locked && mode !== 'unhealthy' ? 200 : 503, { variant, mode: mode ?? 'plain' }],
  'GET /pid': () => [200, { pid: process.pid, holder: holder?.pid }],
  'GET /items': () => [200, db.prepare('SELECT value FROM items ORDER BY value').pluck().all()],
  'POST /items': (value) => [201, db.prepare('INSERT INTO items VALUES (?)').run(value).changes],
  'GET /silences': () => [200, silences],
  'POST /exit': () => process.exit(3),
};

function answer(method: string | undefined, url: URL): [status: number, body: unknown] {
  try {
    return routes[`${method} ${url.pathname}`]?.(url.searchParams.get('value') ?? '') ?? [404, null];
  } catch (error) {
    // A statement that SQLite refuses, on a full disk for one, must not end the service.
    return [500, { code: (error as { code?: string }).code }];
  }
}

const server = createServer((request, response) => {
  if (request.url === '/silence') {
    // Something is sent, so that the kernel of who asked knows that its call arrived, and has nothing to send again.
    response.writeProcessing();
    silences += 1;
    return;
  }
  const [status, body] = answer(request.method, new URL(request.url ?? '/', 'http://tiny'));
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
  holder?.kill('SIGKILL');
  holder?.disconnect();
  db.close();
  console.log('tiny: bye');
});
