/**
 * One writer on a bare connection, in a process of its own: `bare-program.ts <service> <folder> <seed> <writer> [timed]`. It opens
 * the database and writes for a while to grow warm, then prints `ready`; for each line with a number of ms that it reads it writes
 * for that long and prints how much, as JSON. `timed` takes the time of each statement as well, which costs a little itself.
 */
import { createInterface } from 'node:readline';
import type { BareAnswer } from './bare.ts';
import { STATEMENTS } from './statements.ts';

const WARM_WRITES = 500;
/** Between two looks at the clock. */
const WRITES_AT_ONCE = 10;

const [service = '', folder = '', seed = '', writer = '', watched] = process.argv.slice(2);
const open = STATEMENTS[service];
if (open === undefined) throw new RangeError(`expected ${Object.keys(STATEMENTS).join(' or ')}, seen ${service}`);
const watch = watched === 'timed' ? await watchDriver() : null;
const write = await open(folder, Number(seed), writer);
let next = 0;
while (next < WARM_WRITES) write(next++);
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(measure(Number(line))));

function measure(durationMs: number): BareAnswer {
  const first = next;
  watch?.times.take();
  const before = process.cpuUsage();
  const startedAt = performance.now();
  let elapsedMs = 0;
  while (elapsedMs < durationMs) {
    for (let n = 0; n < WRITES_AT_ONCE; n++) write(next++);
    elapsedMs = performance.now() - startedAt;
  }
  const { user, system } = process.cpuUsage(before);
  const cpuMs = (user + system) / 1_000;
  return { writes: next - first, elapsedMs, cpuMs, statements: watch?.times.take() ?? null };
}

/** The same watch that is in the services' database processes. */
async function watchDriver() {
  const { DriverWatch } = await import('../../../fixtures/service-kit/src/driver-watch.ts');
  const nothing = () => undefined;
  return new DriverWatch({
    onAttested: nothing,
    onClosed: nothing,
    onError: nothing,
    onSlow: nothing,
    onLongTransaction: nothing,
  });
}
