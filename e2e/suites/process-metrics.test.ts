/**
 * Claim:  what a process tells of itself is true: its CPU time and memory, when it began, and how long its loop stood still,
 *         since it was asked before and since it began.
 * Method: this process, whose loop is made to stand still for a time.
 * Red as: a stall that is missed, or told again; a figure of another process.
 */
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { collectProcessMetrics } from '../../fixtures/service-kit/src/process-metrics.ts';
import { readingOf } from '../dashboard/reading.ts';

const STALL_MS = 150;
const TICK_MS = 10;
const SOON = { timeout: 10_000, interval: 5 };
const LONGEST = 'event_loop_longest_stall_seconds';

test('start, CPU, memory and standstills', async () => {
  const registry = new Registry();
  collectProcessMetrics(registry);
  const longestNow = async () => figure(await registry.getSingleMetricAsString(LONGEST), LONGEST);
  await expect.poll(longestNow, SOON).toBeGreaterThan(0);

  const until = performance.now() + STALL_MS;
  while (performance.now() < until);
  // The monitors note a standstill when their next tick comes.
  await expect.poll(longestNow, SOON).toBeGreaterThanOrEqual((STALL_MS - TICK_MS) / 1000);

  const cpuBefore = cpuSeconds();
  const text = await registry.metrics();
  const reading = readingOf(text, new Set());
  // To the millisecond: of two incarnations that start within a second nothing else tells one from the other.
  expect(Math.abs((reading.startedAtMs ?? 0) - performance.timeOrigin)).toBeLessThan(2);
  expect(reading.cpuSeconds).toBeGreaterThanOrEqual(cpuBefore);
  expect(reading.cpuSeconds).toBeLessThanOrEqual(cpuSeconds());
  expect(figure(text, 'process_resident_memory_bytes') / process.memoryUsage.rss()).toBeCloseTo(1, 0);
  expect(reading.stallMs).toBeGreaterThanOrEqual(STALL_MS - TICK_MS);
  const longest = figure(text, LONGEST);
  expect(1000 * longest).toBeGreaterThanOrEqual(STALL_MS - TICK_MS);

  // Told once: the next who asks hears of what was since.
  const next = await registry.metrics();
  expect(readingOf(next, new Set()).stallMs).toBeLessThan(STALL_MS / 2);
  expect(figure(next, LONGEST)).toBeGreaterThanOrEqual(longest);
});

function figure(text: string, name: string): number {
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
