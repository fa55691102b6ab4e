/**
 * Our traffic in a process of its own: `client.ts <url> <clients> <ms> <route>` runs the real clients with the real recorder and the
 * real bundle in a temporary folder, a second of them to grow warm, and prints what came of the rest as JSON.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Reachable } from '../../model/stack.ts';
import { ArmRecorder } from '../../observe/recorder.ts';
import { Bundle } from '../../report/bundle.ts';
import { SERVICES } from '../../services/index.ts';
import { type Client, type PlannedCall, runClients } from '../../traffic/clients.ts';
import { type Answer, BODY, cpuMs, PATH, type Route, WARM_MS } from './calls.ts';

const [url = '', clients = '', ms = '', route = 'GET'] = process.argv.slice(2);
const count = Number(clients);
const [first] = SERVICES;
if (first === undefined) throw new RangeError('expected a service');
const definition = first.definition;
const stack: Reachable = {
  service: definition,
  processes: definition.processes.filter(({ servesTraffic }) => servesTraffic),
  baseUrl: () => url,
};
const folder = mkdtempSync(join(tmpdir(), 'walproof-traffic-bench-'));
try {
  const bundle = await Bundle.create(folder, 'traffic-bench', 1);
  const recorder = new ArmRecorder('subject', definition.name, bundle, performance.now());
  const asking = Array.from({ length: count }, (_, n) => clientOf(`client-${n + 1}`, route as Route));
  const warmUntilMs = recorder.nowMs() + WARM_MS;
  const signal = AbortSignal.timeout(WARM_MS + Number(ms));
  const warm = Promise.withResolvers<number>();
  setTimeout(() => warm.resolve(cpuMs()), WARM_MS);
  await runClients({ stack, recorder, signal, seed: 1, clients: count, ratePerSecond: 0 }, asking);
  const elapsedMs = recorder.nowMs() - warmUntilMs;
  const usedMs = cpuMs() - (await warm.promise);
  // Outside the time: a run writes its last lines when the traffic is over.
  await bundle.close();
  const counted = recorder.ops.filter(({ returnedAtMs }) => returnedAtMs >= warmUntilMs);
  const failed = recorder.ops.filter(({ outcome }) => outcome !== 'ok').length;
  const answer: Answer = { requests: counted.length, failed, elapsedMs, cpuMs: usedMs };
  console.log(JSON.stringify(answer));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function clientOf(name: string, method: Route): Client {
  const read: PlannedCall = { kind: 'read', name: 'read-messages', send: { method: 'GET', path: PATH } };
  const send: PlannedCall['send'] = { method: 'POST', path: PATH, body: BODY };
  const write = (n: number): PlannedCall => ({
    kind: 'write',
    name: 'post-message',
    key: `${name}-${n}`,
    value: BODY.content,
    send,
  });
  return { name, next: (_, n) => (method === 'GET' ? read : write(n)) };
}
