/** Goal: the figures of a verdict are what the evidence holds. Method: short histories with round numbers. */
import { describe, expect, test } from 'vitest';
import { serviceVerdict, type TrafficSummary } from '../report/verdict-document.ts';
import { type History, history } from './evidence-builder.ts';

const trafficOf = (told: History): TrafficSummary => serviceVerdict(told.evidence(), []).traffic;

/** Ten writes and twenty reads, one every 100 ms from `fromMs` on. */
function calls(told: History, fromMs: number): History {
  for (let n = 0; n < 30; n++) {
    told.at(fromMs + n * 100);
    if (n % 3 === 0) told.ok('append', `k${fromMs}-${n}`);
    else told.ok('list', undefined, undefined, { kind: 'read' });
  }
  return told;
}

describe('traffic', () => {
  test('counts by kind over the whole window, and apart what came before the first fault', () => {
    const told = calls(calls(history(), 0), 5_000);
    told.fault('kill', 'host', 3_000, 4_000).fault('kill', 'agent', 9_000, 9_500).traffic(0, 10_000);
    expect(trafficOf(told)).toMatchObject({
      ok: 60,
      writesPerSecond: 2,
      readsPerSecond: 4,
      undisturbed: { seconds: 3, opsPerSecond: 10, writesPerSecond: 3, readsPerSecond: 7 },
    });
  });

  test('without a fault all of it is undisturbed', () => {
    expect(trafficOf(calls(history(), 0).traffic(0, 3_000)).undisturbed).toMatchObject({
      seconds: 3,
      opsPerSecond: 10,
    });
  });

  test('a fault before anything was acknowledged leaves no undisturbed figure', () => {
    const told = calls(history(), 2_000).fault('kill', 'host', 0, 1_000).traffic(0, 5_000);
    expect(trafficOf(told).undisturbed).toBeNull();
  });
});
