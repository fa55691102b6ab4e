/** What the clients are going to ask, without asking it: a function of the seed and the number of clients alone. */
import { createHash } from 'node:crypto';
import type { Client, PlannedCall } from './clients.ts';
import { randomFor } from './random.ts';

/** Calls of each client that the hash covers; a client of a run makes some hundred. */
const HASHED_CALLS = 1_000;

/** The first calls of the client at this position. No reply is shown to it, so it learns no cursor. */
export function* plannedCalls(client: Client, seed: number, position: number, count: number): Generator<PlannedCall> {
  const random = randomFor(seed, position);
  for (let n = 0; n < count; n++) yield client.next(random, n);
}

/** SHA-256, in hex, over the first calls of every client: name, kind, key, value, and what is sent. */
export function opSequenceHash(clients: readonly Client[], seed: number): string {
  const hash = createHash('sha256');
  for (const [position, client] of clients.entries()) {
    for (const { kind, name, key, value, send } of plannedCalls(client, seed, position, HASHED_CALLS)) {
      hash.update(`${JSON.stringify([client.name, kind, name, key, value, send.method, send.path, send.body])}\n`);
    }
  }
  return hash.digest('hex');
}
