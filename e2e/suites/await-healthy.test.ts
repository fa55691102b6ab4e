/**
 * Claim:  a process is asked for its health again as soon as it writes a line, and at the latest after the pause between two polls.
 * Method: a real server that is not healthy when it is asked first, and a log that has or has not a line by then.
 * Red as: a start that takes up to 50 ms longer than the service's own.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { awaitHealthy } from '../engine/shared/health.ts';
import { LineRing } from '../engine/shared/line-ring.ts';

const ROUNDS = 11;
/** The pause between two polls of a process that writes nothing. */
const PAUSE_MS = 50;

/** How long after its first answer, a 503 that is sent when `onAsked` returns, a process is known to be healthy. */
async function timeToHealthy(onAsked: (ring: LineRing) => void): Promise<number> {
  const ring = new LineRing();
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    if (asked === 1) onAsked(ring);
    response.writeHead(asked === 1 ? 503 : 200).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  let firstAnswer = 0;
  const outcome = await awaitHealthy({
    url: () => `http://127.0.0.1:${port}/`,
    isAlive: () => true,
    onAnswer: () => {
      firstAnswer ||= performance.now();
    },
    nextLine: () => ring.next,
    deadlineMs: 10_000,
    signal: new AbortController().signal,
  });
  expect(outcome).toBe('healthy');
  expect(asked).toBe(2);
  return performance.now() - firstAnswer;
}

async function median(onAsked: (ring: LineRing) => void): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) times.push(await timeToHealthy(onAsked));
  return times.sort((one, other) => one - other)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
}

test('a line, also one that is written while it is asked, is followed by a question', async () => {
  expect(await median((ring) => ring.push('ready'))).toBeLessThan(PAUSE_MS);
});

test('without a line the pause is kept', async () => {
  // A timer may be early by a millisecond.
  expect(await median(() => undefined)).toBeGreaterThanOrEqual(PAUSE_MS - 1);
});
