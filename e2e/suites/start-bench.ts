/**
 * How long a stack of containers takes to come up, against the floor: the slowest of its containers started alone. Both on
 * fresh volumes, in turns: `node e2e/suites/start-bench.ts [pairs]`. Prints the ratio of each pair, and median and ends; and the
 * CPU that the machine spent on a stack: with so many cores it cannot come up in less time than that over their number.
 */
import { availableParallelism, cpus } from 'node:os';
import { spreadOf } from '../bench/spread.ts';
import { createDockerEngine } from '../engine/docker/engine.ts';
import { newRunId } from '../engine/shared/run-id.ts';
import type { ServiceDefinition } from '../model/service.ts';
import { SERVICES } from '../services/index.ts';

const pairs = Number(process.argv[2] ?? 5);
const engine = createDockerEngine();

/** In ms. */
interface Start {
  tookMs: number;
  /** Of the whole machine, which does nothing else. */
  cpuMs: number;
}

function busyMs(): number {
  return cpus().reduce((sum, { times: { idle: _, ...busy } }) => sum + Object.values(busy).reduce((a, b) => a + b), 0);
}

/** From `docker create` of the containers named to the last of them healthy. */
async function started(service: ServiceDefinition, names: readonly string[]): Promise<Start> {
  await using stack = await engine.createStack({ service, runId: newRunId(), sharesNetwork: true });
  const beganAt = performance.now();
  const busyBefore = busyMs();
  await stack.start(names);
  return { tookMs: performance.now() - beganAt, cpuMs: busyMs() - busyBefore };
}

/** The slowest of the processes, each started alone. */
async function slowestAlone(service: ServiceDefinition, names: readonly string[]): Promise<Start> {
  let slowest: Start = { tookMs: 0, cpuMs: 0 };
  for (const name of names) {
    const one = await started(service, [name]);
    if (one.tookMs > slowest.tookMs) slowest = one;
  }
  return slowest;
}

async function pair(service: ServiceDefinition, isFloorFirst: boolean): Promise<{ floor: Start; all: Start }> {
  const names = service.processes.map(({ name }) => name);
  const floor = () => slowestAlone(service, names);
  if (!isFloorFirst) {
    const all = await started(service, names);
    return { floor: await floor(), all };
  }
  return { floor: await floor(), all: await started(service, names) };
}

await engine.prepare(
  SERVICES.map(({ definition }) => definition),
  (line) => console.error(line),
);
const cores = availableParallelism();
for (const { definition } of SERVICES) {
  const ratios: number[] = [];
  const leasts: number[] = [];
  for (let n = 0; n < pairs; n++) {
    const { floor, all } = await pair(definition, n % 2 === 0);
    ratios.push(all.tookMs / floor.tookMs);
    leasts.push(all.cpuMs / cores / floor.tookMs);
    console.log(
      `${definition.name}, pair ${n + 1} of ${pairs}: ${definition.processes.length} together ${said(all)}, the slowest alone ${said(floor)}, ratio ${(all.tookMs / floor.tookMs).toFixed(2)}`,
    );
  }
  console.log(
    `${definition.name}: ${spread(ratios)} times the floor; the CPU spent, over ${cores} cores: ${spread(leasts)} times`,
  );
}

function said({ tookMs, cpuMs }: Start): string {
  return `${Math.round(tookMs)} ms (${Math.round(cpuMs)} of CPU)`;
}

function spread(ratios: readonly number[]): string {
  const found = spreadOf(ratios);
  return found === null ? '-' : `${found.median.toFixed(2)} (${found.min.toFixed(2)}–${found.max.toFixed(2)})`;
}
