import { setTimeout as delay } from 'node:timers/promises';
import type { Call, TrafficContext } from '../model/scenario.ts';
import { type HttpCall, HttpClient, type Reply } from './http.ts';
import { type Random, randomFor } from './random.ts';
import { Rotation, targetsOf, UNREACHABLE_MS } from './targets.ts';

/** One call of a client: what is recorded, and what is sent. */
export interface PlannedCall extends Omit<Call, 'client'> {
  send: Omit<HttpCall, 'url'> & { path: string };
  /** Lets the client learn from the reply, e.g. a cursor. Must not change which calls a seed leads to. */
  onReply?(reply: Reply): void;
}

/** A client of the traffic: its n-th call is a function of its own random stream. */
export interface Client {
  name: string;
  next(random: Random, n: number): PlannedCall;
}

/**
 * Runs the clients side by side until the signal. Calls of one client follow each other, so that as many are in flight as there
 * are clients; with a rate, each client keeps its share of it and catches up when a reply was late, so that a stall of the service
 * is not answered with less load.
 */
export async function runClients(context: TrafficContext, clients: readonly Client[]): Promise<void> {
  const { stack, recorder, signal, seed, ratePerSecond } = context;
  const targets = new Rotation(targetsOf(stack));
  await using http = new HttpClient(clients.length);
  const gapMs = ratePerSecond === 0 ? 0 : (1000 * clients.length) / ratePerSecond;

  const runClient = async (client: Client, position: number): Promise<void> => {
    const random = randomFor(seed, position);
    let dueAt = performance.now() + (gapMs * position) / clients.length;
    for (let n = 0; !signal.aborted; n++) {
      const waitMs = dueAt - performance.now();
      if (waitMs > 0) await pause(waitMs, signal);
      if (signal.aborted) return;
      const { send, onReply, ...call } = client.next(random, n);
      const target = targets.at(position + n);
      const result = await recorder.op({ client: client.name, target, ...call }, async () => {
        const { method, path, body } = send;
        const reply = await http.send({ method, url: `${stack.baseUrl(target)}${path}`, body });
        onReply?.(reply);
        const { outcome, status, error } = reply;
        return { outcome, ...(status === undefined ? {} : { status }), ...(error === undefined ? {} : { error }) };
      });
      if (result.status === undefined || result.error?.code === 'NOT_READY') targets.unreachable(target);
      // With nobody left to ask it would spin until a process is back.
      if (targets.isExhausted) await pause(UNREACHABLE_MS, signal);
      // Falling more than a second behind means that the rate is out of reach; a burst would only measure the backlog.
      dueAt = Math.max(dueAt + gapMs, performance.now() - 1000);
    }
  };
  await Promise.all(clients.map(runClient));
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
