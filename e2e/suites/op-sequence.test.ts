/**
 * Goal: what a client asks is a function of the seed; when it asks, and what it is answered, is not.
 * Method: hashes of planned calls; then the real client loop against a fake service that answers at random speed, refuses
 * and breaks off as its own chance wants, and its record compared with the plan.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Call, Recorder } from '../model/scenario.ts';
import type { Stack } from '../model/stack.ts';
import { SERVICES } from '../services/index.ts';
import { type Client, runClients } from '../traffic/clients.ts';
import { nanoclawClients } from '../traffic/nanoclaw.ts';
import { oracleClients } from '../traffic/oracle-v2.ts';
import { plannedCalls } from '../traffic/plan.ts';

const CLIENTS: Record<string, (count: number, readers?: number) => Client[]> = {
  nanoclaw: nanoclawClients,
  'oracle-v2': oracleClients,
};

describe.each(SERVICES)('$definition.name', ({ definition, traffic }) => {
  const hash = (seed: number, clients = 4) => traffic.opSequenceHash({ seed, clients });
  const clientsOf = CLIENTS[definition.name] as (count: number, readers?: number) => Client[];

  test('one seed has one hash, and it is a SHA-256', () => {
    expect(hash(7)).toMatch(/^[0-9a-f]{64}$/);
    expect(hash(7)).toBe(hash(7));
  });

  test('other seeds and other numbers of clients have other hashes', () => {
    expect(new Set([hash(1), hash(2), hash(3), hash(1, 3)]).size).toBe(4);
  });

  test('readers are twice the writers unless told otherwise, and take nothing from what writers ask', () => {
    expect(traffic.opSequenceHash({ seed: 7, clients: 4, readers: 8 })).toBe(hash(7));
    expect(traffic.opSequenceHash({ seed: 7, clients: 4, readers: 4 })).not.toBe(hash(7));
    const asked = (readers?: number) =>
      clientsOf(2, readers).map((client, position) => [...plannedCalls(client, 5, position, 50)].map(describeCall));
    expect(asked()).toHaveLength(6);
    expect(asked(0)).toEqual(asked().slice(0, 2));
    expect(asked(3)).toEqual(asked().slice(0, 5));
  });

  test('a client that learnt a cursor from a reply still asks the same things', () => {
    const asked = (reply: unknown) =>
      clientsOf(2).flatMap((client, position) =>
        Array.from(plannedCalls(client, 5, position, 200), (call) => {
          call.onReply?.({ outcome: 'ok', status: 200, body: reply });
          return describeCall(call);
        }),
      );
    expect(asked({ messages: [{ timestamp: '2026-01-01T00:00:00.000Z' }] })).toEqual(asked(null));
  });

  test('what is recorded of a client begins as its plan does', { timeout: 60_000 }, async () => {
    const url = await fakeService();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 0x7fffffff }), fc.integer({ min: 1, max: 3 }), async (seed, count) => {
        const clients = clientsOf(count);
        const recorded = await recordedCalls(url, definition, clients, seed);
        const fresh = clientsOf(count);
        for (const [position, client] of fresh.entries()) {
          const own = recorded.filter((call) => call.client === client.name).map(describeCall);
          expect(own.length).toBeGreaterThan(0);
          expect(own).toEqual(Array.from(plannedCalls(client, seed, position, own.length), describeCall));
        }
      }),
      { numRuns: 8 },
    );
  });
});

/** What a record keeps of a call. */
function describeCall({ kind, name, key, value }: Omit<Call, 'client'>): string {
  return JSON.stringify([kind, name, key, value]);
}

async function recordedCalls(url: string, service: Stack['service'], clients: Client[], seed: number): Promise<Call[]> {
  const calls: Call[] = [];
  const ending = new AbortController();
  const recorder: Recorder = {
    async op(call, send) {
      calls.push(call);
      if (calls.length >= clients.length * 20) ending.abort();
      return await send();
    },
    observe: () => undefined,
    nowMs: () => performance.now(),
  };
  const stack = { service, processes: service.processes, baseUrl: () => url } as unknown as Stack;
  await runClients(
    { stack, recorder, signal: ending.signal, seed, clients: clients.length, ratePerSecond: 0 },
    clients,
  );
  return calls;
}

/** Answers, refuses or breaks off, each after a few milliseconds or at once. */
async function fakeService(): Promise<string> {
  let asked = 0;
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      const turn = asked++ % 7;
      // Seldom: with nobody else to ask, the clients wait after each.
      if (asked % 23 === 0) return request.socket.destroy();
      const answer = () => response.writeHead(turn === 5 ? 503 : 200).end('{"messages":[{"timestamp":"2026-01-01"}]}');
      if (turn % 2 === 0) setTimeout(answer, turn);
      else answer();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
