import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { createServer } from 'node:net';
import { WalproofError } from '../../model/errors.ts';

/**
 * Below the ephemeral ranges of Linux (32768–60999) and macOS (49152–65535): while a service is down between two starts,
 * no client connection may be given its port, or the service cannot come back on it.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const ATTEMPTS = 500;
const HOST = '127.0.0.1';

export interface PortReservation {
  port: number;
  release(): void;
}

/**
 * A free TCP port of 127.0.0.1 that stays ours until released. The claim is a UDP socket on the same number: only one
 * process of the machine can hold it, the service's TCP port stays free, and it ends with this process, however that ends.
 */
export async function reservePort(): Promise<PortReservation> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    const claim = await claimUdp(port);
    if (claim === null) continue;
    if (await isTcpFree(port)) return { port, release: () => claim.close() };
    claim.close();
  }
  throw new WalproofError(
    'PORT_IN_USE',
    `expected a free port of ${HOST} between ${FIRST_PORT} and ${LAST_PORT}, but ${ATTEMPTS} tries met none`,
    'End the programs that listen there (ss -ltnp shows them), then run again.',
  );
}

function claimUdp(port: number): Promise<Socket | null> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      if (isTaken(error)) resolve(null);
      else reject(error);
    });
    socket.bind({ port, address: HOST, exclusive: true }, () => {
      socket.unref();
      resolve(socket);
    });
  });
}

function isTcpFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (isTaken(error)) resolve(false);
      else reject(error);
    });
    server.listen({ port, host: HOST, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function isTaken(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EADDRINUSE' || error.code === 'EACCES';
}
