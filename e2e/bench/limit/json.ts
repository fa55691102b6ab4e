/** What JSON costs by itself in one write: its body and its reply, each written by one end and read by the other. */
import { sentBy, writeOf } from './writes.ts';

const ROUNDS = 5_000;

/** In ms. The first half only warms up. */
export function jsonMs(service: string, seed: number): number {
  const bodies = sentBy(service, seed).map(({ body }) => body);
  const { reply } = writeOf(service);
  let startedAt = 0;
  for (let n = 0; n < 2 * ROUNDS; n++) {
    if (n === ROUNDS) startedAt = performance.now();
    JSON.parse(JSON.stringify(bodies[n % bodies.length]));
    JSON.parse(JSON.stringify(reply));
  }
  return (performance.now() - startedAt) / ROUNDS;
}
