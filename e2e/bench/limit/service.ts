/** The whole service under writing clients alone: how much it acknowledges, how much it commits, and what a write spends its time on. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceUnderTest, TrafficContext } from '../../model/scenario.ts';
import type { Engine, Stack } from '../../model/stack.ts';
import { HttpClient } from '../../traffic/http.ts';
import { armUnderLoad } from '../arm-under-load.ts';
import { changeCounter, commitsBetween } from './commits.ts';
import { metricIn } from './metrics.ts';
import type { Totals } from './split.ts';
import { sentBy, writeOf } from './writes.ts';

/** A service that waits for its clients is not at its limit: with 4, a quarter of two cores was idle. */
export const LIMIT_CLIENTS = 16;
/** Not counted: programs that have just started run slower. As the bare side, which writes before it is measured. */
const WARM_MS = 1_500;
const ALONE_CALLS = 600;
/** Of them, to warm up. */
const ALONE_WARM = 300;

export interface ServiceWish {
  service: ServiceUnderTest;
  engine: Engine;
  clients: number;
  seed: number;
  durationMs: number;
  signal: AbortSignal;
}

export interface ServiceAnswer {
  writesPerSecond: number;
  /** Of all processes of the service; null when the -shm could not be read. */
  commitsPerSecond: number | null;
  latencyMs: number;
  /** A call that is refused before the database, one at a time, with its JSON. */
  refusedMs: number;
  /** In the database processes that serve the writes. */
  statements: Totals;
  /** In ms per acknowledged write: of all processes of the service by their role, and of the traffic. */
  cpu: Record<keyof Cpu, number>;
}

/** Seconds of CPU since some moment. */
interface Cpu {
  /** Processes that answer HTTP and run the loops. */
  faces: number;
  databases: number;
  traffic: number;
}

interface Look {
  atMs: number;
  changes: number | null;
  statements: Totals;
  cpu: Cpu;
}

export async function runService(wish: ServiceWish): Promise<ServiceAnswer> {
  const { service, clients, seed, durationMs, signal } = wish;
  const seen: { stack?: Stack; refusedMs?: number; before?: Look; after?: Look } = {};
  const engine: Engine = {
    ...wish.engine,
    async createStack(options) {
      seen.stack = await wish.engine.createStack(options);
      return seen.stack;
    },
  };
  const run = async (context: TrafficContext) => {
    const look = () => lookAt(seen.stack as Stack, context);
    seen.refusedMs = await refusedMs(context, seed);
    const running = service.traffic.run(context);
    await delay(WARM_MS, undefined, { signal: context.signal }).catch(() => undefined);
    seen.before = await look();
    await delay(durationMs, undefined, { signal: context.signal }).catch(() => undefined);
    seen.after = await look();
    await running;
  };
  const evidence = await armUnderLoad({
    service: { ...service, traffic: { ...service.traffic, run } },
    engine,
    variant: 'patched',
    traffic: { seed, clients, readers: 0, ratePerSecond: 0 },
    // The traffic ends when the arm's time is over: not before the second look.
    durationMs: WARM_MS + durationMs + 2_000,
    signal,
  });
  const { before, after } = seen;
  if (before === undefined || after === undefined || seen.refusedMs === undefined)
    throw new Error(`the traffic of ${service.definition.name} ended before it was measured`);
  const inside = [...evidence.ops].filter((op) => op.returnedAtMs >= before.atMs && op.returnedAtMs < after.atMs);
  const acknowledged = inside.filter(({ outcome, kind }) => outcome === 'ok' && kind !== 'read');
  const seconds = (after.atMs - before.atMs) / 1_000;
  const commits = commitsBetween(before.changes, after.changes);
  return {
    writesPerSecond: acknowledged.length / seconds,
    commitsPerSecond: commits === null ? null : commits / seconds,
    latencyMs: acknowledged.reduce((sum, op) => sum + op.returnedAtMs - op.calledAtMs, 0) / acknowledged.length,
    refusedMs: seen.refusedMs,
    statements: difference(after.statements, before.statements),
    cpu: cpuPerWrite(after.cpu, before.cpu, acknowledged.length),
  };
}

/** The mean of a call that is read and checked and then refused. Fails when one is not. */
async function refusedMs({ stack }: TrafficContext, seed: number): Promise<number> {
  const { refusedFor } = writeOf(stack.service.name);
  const [send] = sentBy(stack.service.name, seed);
  const target = stack.processes.find(({ servesTraffic }) => servesTraffic);
  if (send === undefined || target === undefined) throw new RangeError(`${stack.service.name} takes no writes`);
  const body = { ...(send.body as object), ...refusedFor };
  await using http = new HttpClient(1);
  let startedAt = 0;
  for (let n = 0; n < ALONE_CALLS; n++) {
    if (n === ALONE_WARM) startedAt = performance.now();
    const { status } = await http.send({ method: 'POST', url: `${stack.baseUrl(target.name)}${send.path}`, body });
    if (status !== 400)
      throw new Error(`expected ${stack.service.name} to refuse ${send.path} with 400, seen ${status}`);
  }
  return (performance.now() - startedAt) / (ALONE_CALLS - ALONE_WARM);
}

async function lookAt(stack: Stack, { recorder }: TrafficContext): Promise<Look> {
  const texts = stack.processes.map(async ({ name }) => (await fetch(`${stack.baseUrl(name)}/metrics`)).text());
  const [head, ...metrics] = await Promise.all([stack.walIndexHead(), ...texts]);
  const serving = metrics.filter((_, n) => stack.processes[n]?.servesTraffic === true);
  const all = metrics.join('\n');
  const { user, system } = process.cpuUsage();
  return {
    atMs: recorder.nowMs(),
    changes: changeCounter(head),
    statements: totalsIn(serving.join('\n')),
    cpu: {
      faces: metricIn(all, 'process_cpu_seconds_total'),
      databases: metricIn(all, 'database_process_cpu_seconds'),
      traffic: (user + system) / 1e6,
    },
  };
}

function cpuPerWrite(after: Cpu, before: Cpu, writes: number): ServiceAnswer['cpu'] {
  const of = (role: keyof Cpu) => (1_000 * (after[role] - before[role])) / writes;
  return { faces: of('faces'), databases: of('databases'), traffic: of('traffic') };
}

function totalsIn(text: string): Totals {
  const of = (kind: keyof Totals) => ({
    count: metricIn(text, 'sqlite_statements_total', `kind="${kind}"`),
    seconds: metricIn(text, 'sqlite_statement_seconds_total', `kind="${kind}"`),
  });
  return { begin: of('begin'), commit: of('commit'), other: of('other') };
}

function difference(after: Totals, before: Totals): Totals {
  const of = (kind: keyof Totals) => ({
    count: after[kind].count - before[kind].count,
    seconds: after[kind].seconds - before[kind].seconds,
  });
  return { begin: of('begin'), commit: of('commit'), other: of('other') };
}
