/**
 * Claim:  every way a call can end has its outcome, and no call throws.
 * Method: a real server that answers each path in its own way, in one piece, in several, or not to the end; and a port on which nobody
 *         listens.
 * Red as: a failed assertion. Not claimed: replies that never come; what waits longer than 35 s is lost (traffic/http.ts), and what waits
 *         for somebody who is gone is lost sooner: engine-cases/limits.ts has a container cut off for that.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { HttpClient } from '../traffic/http.ts';

const error = (code: string) => JSON.stringify({ error: { code, message: `seen ${code}` } });
const ways: Record<string, (response: ServerResponse, request: IncomingMessage) => void> = {
  '/ok': (response) => response.end('{"id":"m-1"}'),
  '/text': (response) => response.end('not JSON'),
  '/empty': (response) => response.writeHead(204).end(),
  '/pieces': (response) => {
    // The second piece begins inside a letter.
    const bytes = Buffer.from('{"text":"ภาษาไทย"}');
    response.write(bytes.subarray(0, 10));
    setTimeout(() => response.end(bytes.subarray(10)), 20);
  },
  '/hint': (response) => {
    response.writeEarlyHints({ link: '</ok>; rel=preload' });
    response.writeHead(409).end(error('WRONG_STATUS'));
  },
  '/refused': (response) => response.writeHead(400).end(error('INVALID_BODY')),
  '/busy': (response) => response.writeHead(503).end(error('SQLITE_BUSY')),
  '/not-ready': (response) => response.writeHead(503).end(error('NOT_READY')),
  '/broken': (response) => response.writeHead(500).end('oh no'),
  '/cut': (response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"id":');
    setTimeout(() => response.destroy(), 20);
  },
  '/silence': (response) => response.writeProcessing(),
  '/hang-up': (_, request) => request.socket.destroy(),
};

const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => {
    body += chunk;
  });
  request.once('end', () => {
    if (request.url === '/echo') response.end(JSON.stringify({ body, type: request.headers['content-type'] }));
    else ways[request.url ?? '']?.(response, request);
  });
});
let url = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

test.each([
  ['/ok', { outcome: 'ok', status: 200, body: { id: 'm-1' } }],
  ['/text', { outcome: 'ok', status: 200, body: null }],
  ['/empty', { outcome: 'ok', status: 204, body: null }],
  ['/pieces', { outcome: 'ok', status: 200, body: { text: 'ภาษาไทย' } }],
  ['/hint', { outcome: 'fail', status: 409, error: { code: 'WRONG_STATUS', message: 'seen WRONG_STATUS' } }],
  ['/refused', { outcome: 'fail', status: 400, error: { code: 'INVALID_BODY' } }],
  ['/busy', { outcome: 'fail', status: 503, error: { code: 'SQLITE_BUSY' } }],
  ['/not-ready', { outcome: 'fail', status: 503, error: { code: 'NOT_READY' } }],
  ['/broken', { outcome: 'info', status: 500, error: { code: 'HTTP_500', message: 'oh no' } }],
  ['/cut', { outcome: 'info', body: null, error: { code: 'UND_ERR_SOCKET' } }],
  ['/hang-up', { outcome: 'info', body: null, error: { code: 'UND_ERR_SOCKET' } }],
])('%s', async (path, expected) => {
  await using http = new HttpClient(1);
  expect(await http.send({ method: 'POST', url: url + path, body: {} })).toMatchObject(expected);
});

test('a body goes as JSON', async () => {
  await using http = new HttpClient(1);
  const { body } = await http.send({ method: 'POST', url: `${url}/echo`, body: { text: 'ไทย' } });
  expect(body).toEqual({ body: '{"text":"ไทย"}', type: 'application/json' });
});

test('a connection that was never made is a call that did not happen', async () => {
  await using http = new HttpClient(1);
  const unused = createServer();
  await new Promise<void>((resolve) => unused.listen(0, '127.0.0.1', resolve));
  const { port } = unused.address() as AddressInfo;
  await new Promise((resolve) => unused.close(resolve));
  const reply = await http.send({ method: 'GET', url: `http://127.0.0.1:${port}/ok` });
  expect(reply).toMatchObject({ outcome: 'fail', error: { code: 'ECONNREFUSED' } });
});

test('calls beyond the connections wait for one, and all are answered', async () => {
  await using http = new HttpClient(2);
  const replies = await Promise.all(
    Array.from({ length: 20 }, () => http.send({ method: 'GET', url: `${url}/pieces` })),
  );
  expect(replies.every(({ outcome }) => outcome === 'ok')).toBe(true);
});

// The kernel's own word, for where no peer can be made to go without a goodbye: its table names the timer that runs and when it ends.
test.runIf(process.platform === 'linux')(
  'a silent peer is asked within a second whether it is there (Linux)',
  async () => {
    const http = new HttpClient(1);
    const arrived = once(server, 'request') as Promise<[IncomingMessage]>;
    const lost = http.send({ method: 'GET', url: `${url}/silence` });
    const [{ socket }] = await arrived;
    try {
      await vi.waitFor(async () => {
        const { timer, dueMs } = await timerOf(socket.remotePort ?? 0);
        expect(timer).toBe('keepalive');
        expect(dueMs).toBeLessThanOrEqual(1_000);
      });
    } finally {
      // Also after a failure: the call would wait for its whole timeout.
      await http[Symbol.asyncDispose]();
    }
    expect(await lost).toMatchObject({ outcome: 'info' });
  },
);

/** The timer of the connection from a port of this machine, as proc(5) tells it: its kind, and when it is due in hundredths of a second. */
async function timerOf(port: number): Promise<{ timer: string; dueMs: number }> {
  const from = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((row) => row.trim().split(/\s+/));
  const [kind, due] = (rows.find(([, local]) => local === from)?.[5] ?? '').split(':');
  return { timer: kind === '02' ? 'keepalive' : `${kind}`, dueMs: Number.parseInt(due ?? '', 16) * 10 };
}
