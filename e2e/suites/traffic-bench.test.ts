/**
 * Claim:  the traffic's bench measures what it says it measures.
 * Method: figures worked out by hand; then one pair of a second against the real server, by both sides, with every op in a bundle;
 *         and the recorder around calls that do nothing.
 * Red as: a failed assertion. Not claimed: how fast either is; a machine under load has no such figure.
 */
import { expect, test } from 'vitest';
import { recordingCosts } from './traffic-bench/recording.ts';
import { type Asked, pairOf, startServer } from './traffic-bench/sides.ts';
import { comparisonOf, textOf } from './traffic-bench/table.ts';

const asked = (requestsPerSecond: number, cpuUs: number): Asked => ({ requestsPerSecond, cpuUs });

test('the ratio is that of pairs, not of medians', () => {
  const pairs = [
    { autocannon: asked(100, 10), traffic: asked(90, 20) },
    { autocannon: asked(400, 12), traffic: asked(320, 18) },
    { autocannon: asked(200, 11), traffic: asked(220, 22) },
  ];
  const comparison = comparisonOf('GET', pairs);
  expect(comparison).toEqual({
    route: 'GET',
    autocannon: { median: 200, min: 100, max: 400 },
    traffic: { median: 220, min: 90, max: 320 },
    ratio: { median: 0.9, min: 0.8, max: 1.1 },
    cpuUs: { autocannon: { median: 11, min: 10, max: 12 }, traffic: { median: 20, min: 18, max: 22 } },
  });
  expect(textOf({ comparisons: [comparison], recordingUs: { median: 1.234, min: 1, max: 2 } })).toBe(
    [
      'GET: 220 (90–320) requests/s by the traffic, 200 (100–400) by autocannon, ratio 0.90 (0.80–1.10)',
      'GET: 20.0 (18.0–22.0) µs of CPU a request by the traffic, 11.0 (10.0–12.0) by autocannon',
      'recording costs 1.23 (1.00–2.00) µs per op',
    ].join('\n'),
  );
});

test.each(['GET', 'POST'] as const)('both sides ask the same server by %s and say how much', async (route) => {
  await using server = await startServer();
  // autocannon counts whole seconds.
  const pair = await pairOf({ url: server.url, clients: 2, seconds: 1, route }, route === 'POST');
  for (const { requestsPerSecond, cpuUs } of [pair.autocannon, pair.traffic]) {
    expect(requestsPerSecond).toBeGreaterThan(0);
    expect(cpuUs).toBeGreaterThan(0);
  }
});

test('recording is measured as often as it was asked for', async () => {
  const costs = await recordingCosts(4, 200);
  expect(costs).toHaveLength(4);
  expect(costs.every(Number.isFinite)).toBe(true);
});
