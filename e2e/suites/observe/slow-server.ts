/** A server that answers 200, or 503 once told to `refuse`, or after 800 ms of standstill once told to `sleep`. */
import { createServer } from 'node:http';

let status = 200;
const server = createServer((_request, response) => response.writeHead(status).end('{}'));
process.on('message', (order) => {
  if (order === 'refuse') status = 503;
  if (order === 'sleep')
    setInterval(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 800), 100).unref();
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.send?.(address.port);
});
