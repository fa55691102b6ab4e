/**
 * How long a stack of containers takes to come up, against the floor: the slowest of its containers started alone. Both on
 * fresh volumes, in turns: `node e2e/suites/start-bench.ts [pairs]`. Prints the ratio of each pair, and median and ends.
 */
import { spreadOf } from '../bench/spread.ts';
import { createDockerEngine } from '../engine/docker/engine.ts';
import { newRunId } from '../engine/shared/run-id.ts';
import type { ServiceDefinition } from '../model/service.ts';
import { SERVICES } from '../services/index.ts';

const pairs = Number(process.argv[2] ?? 5);
const engine = createDockerEngine();

/** From `docker create` of the containers named to the last of them healthy, in ms. */
async function started(service: ServiceDefinition, names: readonly string[]): Promise<number> {
  await using stack = await engine.createStack({ service, runId: newRunId(), direct: true });
  const beganAt = performance.now();
  await stack.start(names);
  return performance.now() - beganAt;
}

async function pair(service: ServiceDefinition, isFloorFirst: boolean): Promise<{ floor: number; all: number }> {
  const names = service.processes.map(({ name }) => name);
  const floor = async () => {
    let slowest = 0;
    for (const name of names) slowest = Math.max(slowest, await started(service, [name]));
    return slowest;
  };
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
for (const { definition } of SERVICES) {
  const ratios: number[] = [];
  for (let n = 0; n < pairs; n++) {
    const { floor, all } = await pair(definition, n % 2 === 0);
    ratios.push(all / floor);
    console.log(
      `${definition.name}, pair ${n + 1} of ${pairs}: ${definition.processes.length} together ${Math.round(all)} ms, the slowest alone ${Math.round(floor)} ms, ratio ${(all / floor).toFixed(2)}`,
    );
  }
  const spread = spreadOf(ratios);
  if (spread !== null)
    console.log(
      `${definition.name}: ${spread.median.toFixed(2)} (${spread.min.toFixed(2)}–${spread.max.toFixed(2)}) times the floor`,
    );
}
