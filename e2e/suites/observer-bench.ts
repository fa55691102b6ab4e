/**
 * What the live page costs the services: `node e2e/suites/observer-bench.ts [pairs] [seconds]` brings the compose stack up under
 * traffic as fast as replies come, opens the page's stream, and compares windows in which the observer runs with windows in
 * which it is frozen. Windows are short and many: the machine's own ups and downs are longer, and fall on both of a pair. Prints
 * requests with it as a ratio of those without, of each service and of both (the geometric mean), median and its 95 % interval, and
 * the CPU and memory it took. For an idle machine.
 */
import { setTimeout as delay } from 'node:timers/promises';
import Docker from 'dockerode';
import { medianInterval } from '../bench/spread.ts';
import { compose } from '../commands/live/compose.ts';

const [pairs = 100, seconds = 1.5] = process.argv.slice(2).map(Number);
/** Clients wait for a reply before they ask again, so this is as fast as it goes. */
const RATE = '10000';
const SETTLE_MS = 300;
const COST_MS = 4_000;
/** Pairs after which the cost is looked at. */
const COST_EVERY = 20;
const PORTS = { NANOCLAW_PORT: '47879', ORACLE_PORT: '47878', OBSERVER_PORT: '47880' };
const METRICS = { nanoclaw: 'http://127.0.0.1:47879/metrics', 'oracle-v2': 'http://127.0.0.1:47878/metrics' };
const STREAM = 'http://127.0.0.1:47880/events';
const env = { ...PORTS, COMPOSE_PROJECT_NAME: 'walproof-observer-bench', TRAFFIC_RATE: RATE };

interface Cost {
  cpuPercent: number;
  memoryMb: number;
}

const progress = (line: string) => console.error(line);
const reader = new AbortController();
try {
  await compose(['up', '--detach', '--wait', '--build'], { env });
  const id = (await compose(['ps', '--quiet', 'observer'], { env })).trim();
  void drain(STREAM, reader.signal);
  await compare(new Docker().getContainer(id));
} finally {
  reader.abort();
  await compose(['down', '--volumes', '--timeout', '5'], { env });
}

async function compare(observer: Docker.Container): Promise<void> {
  const ratios: Record<string, number[]> = Object.fromEntries(Object.keys(METRICS).map((name) => [name, []]));
  const costs: Cost[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const seen: Record<string, Record<string, number>> = {};
    // The order changes with each pair, so that a database that grows favours neither.
    for (const state of pair % 2 === 0 ? ['with', 'without'] : ['without', 'with']) {
      if (state === 'without') await observer.pause();
      seen[state] = await requestsPerSecond();
      if (state === 'without') await observer.unpause();
      else if (pair % COST_EVERY === 0) costs.push(await costOf(observer));
    }
    for (const [name, own] of Object.entries(ratios))
      own.push((seen['with']?.[name] ?? 0) / (seen['without']?.[name] ?? 1));
    progress(`pair ${pair + 1}: ${JSON.stringify(seen)}`);
  }
  // What one service gets the other does not, on a machine with no CPU to spare; what both get varies less.
  const both = Array.from({ length: pairs }, (_, pair) =>
    geometricMean(Object.values(ratios).map((own) => own[pair] ?? 1)),
  );
  for (const [name, own] of [...Object.entries(ratios), ['both', both] as const]) {
    const sure = medianInterval(own);
    const interval =
      sure === null ? '' : `, the median from ${sure.from.toFixed(3)} to ${sure.to.toFixed(3)} with 95 %`;
    console.log(`${name}: requests with / without ${spread(own, 3)}${interval}`);
  }
  console.log(`observer: ${spread(costs.map(({ cpuPercent }) => cpuPercent))} % of a core`);
  console.log(`observer: ${spread(costs.map(({ memoryMb }) => memoryMb))} MB`);
}

async function requestsPerSecond(): Promise<Record<string, number>> {
  await delay(SETTLE_MS);
  const count = async () => Promise.all(Object.values(METRICS).map(requests));
  const startedAt = performance.now();
  const before = await count();
  await delay(1_000 * seconds);
  const after = await count();
  const took = (performance.now() - startedAt) / 1_000;
  return Object.fromEntries(
    Object.keys(METRICS).map((name, n) => [name, Math.round(((after[n] ?? 0) - (before[n] ?? 0)) / took)]),
  );
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** All requests a service has answered, but for those of the observer and of the health checks, which are few. */
async function requests(url: string): Promise<number> {
  const text = await (await fetch(url)).text();
  const counts = text.matchAll(/^http_requests_total\{([^}]*)\} (\d+)/gm);
  return [...counts].reduce(
    (sum, [, labels = '', count]) => sum + (/health|metrics/.test(labels) ? 0 : Number(count)),
    0,
  );
}

async function costOf(container: Docker.Container): Promise<Cost> {
  const first = await container.stats({ stream: false, 'one-shot': true });
  const startedAt = performance.now();
  await delay(COST_MS);
  const last = await container.stats({ stream: false, 'one-shot': true });
  const nanoseconds = last.cpu_stats.cpu_usage.total_usage - first.cpu_stats.cpu_usage.total_usage;
  const { usage, stats } = last.memory_stats;
  return {
    cpuPercent: nanoseconds / 1e4 / (performance.now() - startedAt),
    memoryMb: (usage - (stats?.inactive_file ?? 0)) / 1e6,
  };
}

/** Reads as an open page does, and again when the stream ends, as a browser does. */
async function drain(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for await (const _ of (await fetch(url, { signal })).body ?? []);
    } catch {
      await delay(SETTLE_MS);
    }
  }
}

function spread(values: readonly number[], digits = 1): string {
  const sorted = values.toSorted((a, b) => a - b).map((value) => value.toFixed(digits));
  return `${sorted[sorted.length >> 1]} (${sorted[0]}–${sorted.at(-1)})`;
}
