/**
 * How fast the traffic asks: `node e2e/suites/traffic-bench.ts [pairs] [seconds] [clients] [--json]` runs a tiny server in a process of
 * its own and asks it in turns by autocannon and by the real traffic, which writes each op into a bundle, on a route that reads and on
 * one that writes. Prints requests per second of both, their ratio by pairs with its spread, and what recording costs an op. Exit 1
 * when the median of a ratio is below 0.8. For an idle machine: the server takes one core, whoever asks the other.
 */
import { spreadOf } from '../bench/spread.ts';
import { ROUTES } from './traffic-bench/calls.ts';
import { recordingCosts } from './traffic-bench/recording.ts';
import { type Pair, pairOf, startServer } from './traffic-bench/sides.ts';
import { type Comparison, comparisonOf, LEAST_RATIO, textOf } from './traffic-bench/table.ts';

/** As many as `verify` has: four write and eight read. */
const VERIFY_CLIENTS = 12;
const RECORDING_ROUNDS = 15;
const RECORDED_OPS = 20_000;

const numbers = process.argv.slice(2).filter((each) => !each.startsWith('--'));
const [pairs = 5, seconds = 3, clients = VERIFY_CLIENTS] = numbers.map(Number);
const comparisons: Comparison[] = [];
await using server = await startServer();
for (const route of ROUTES) {
  const measured: Pair[] = [];
  for (let n = 0; n < pairs; n++) {
    const pair = await pairOf({ url: server.url, clients, seconds, route }, n % 2 === 1);
    console.error(
      `${route} pair ${n + 1} of ${pairs}: ${Math.round(pair.traffic.requestsPerSecond)} of ${Math.round(pair.autocannon.requestsPerSecond)}`,
    );
    measured.push(pair);
  }
  comparisons.push(comparisonOf(route, measured));
}
const recordingUs = spreadOf(await recordingCosts(RECORDING_ROUNDS, RECORDED_OPS));
const document = { pairs, seconds, clients, node: process.version, comparisons, recordingUs };
console.log(process.argv.includes('--json') ? JSON.stringify(document, null, 2) : textOf(document));
if (comparisons.some(({ ratio }) => ratio === null || ratio.median < LEAST_RATIO)) process.exitCode = 1;
