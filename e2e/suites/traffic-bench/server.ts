/** A server that does next to nothing: GET answers a small JSON, POST reads its body and answers as small a one. Prints its port. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const READ = JSON.stringify({ messages: [{ id: 'm-1', content: 'a note', timestamp: '2026-01-01T00:00:00.000Z' }] });
const WRITTEN = JSON.stringify({ id: 'm-1' });
const JSON_HEAD = { 'content-type': 'application/json' };

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.writeHead(200, JSON_HEAD).end(READ);
    return;
  }
  request.resume().once('end', () => response.writeHead(201, JSON_HEAD).end(WRITTEN));
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
process.stdin.resume().once('end', () => process.exit(0));
