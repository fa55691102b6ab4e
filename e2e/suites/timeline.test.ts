/**
 * Claim:  a run says where its seconds went, and what it says adds up.
 * Method: real timelines; for the sums a naive oracle that shares every millisecond among the stages it lies in, on random spans.
 * Red as: a stage without an end, a sum that is not the time in which anything went on.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Span, STAGE_KINDS } from '../model/timeline.ts';
import { Timeline } from '../observe/timeline.ts';
import { timeSpent, timeSpentText } from '../report/time-spent.ts';

describe('a timeline', () => {
  let nowMs = 0;
  const timelineFrom = (startedAt: number) => {
    nowMs = startedAt;
    return new Timeline(startedAt, () => nowMs);
  };

  test('a strand is in one stage at a time, and strands do not end each other', () => {
    const timeline = timelineFrom(1_000);
    timeline.enter({ kind: 'start', what: 'starting' }, { arm: 'subject', service: 'nanoclaw' });
    timeline.enter({ kind: 'start', what: 'starting' }, { arm: 'subject', service: 'oracle-v2' });
    nowMs = 1_200;
    timeline.enter({ kind: 'traffic', what: 'traffic' }, { arm: 'subject', service: 'nanoclaw' });
    nowMs = 1_500;
    timeline.leave({ arm: 'subject', service: 'nanoclaw' });
    nowMs = 1_900;
    expect(timeline.spans()).toMatchObject([
      { kind: 'start', service: 'nanoclaw', fromMs: 0, untilMs: 200 },
      { kind: 'start', service: 'oracle-v2', fromMs: 0, untilMs: 900 },
      { kind: 'traffic', service: 'nanoclaw', fromMs: 200, untilMs: 500 },
    ]);
  });

  test('work that fails is timed to its end as well', async () => {
    const timeline = timelineFrom(0);
    const work = timeline.during({ kind: 'stop', what: 'removing' }, { side: 'with' }, async () => {
      nowMs = 70;
      throw new Error('busy');
    });
    await expect(work).rejects.toThrow('busy');
    nowMs = 900;
    expect(timeline.spans()).toEqual([{ kind: 'stop', what: 'removing', side: 'with', fromMs: 0, untilMs: 70 }]);
  });
});

describe('time spent', () => {
  const span = fc
    .record({ kind: fc.constantFrom(...STAGE_KINDS), fromMs: fc.nat(3_000), ms: fc.nat(1_500) })
    .map(({ kind, fromMs, ms }): Span => ({ kind, what: kind, fromMs, untilMs: fromMs + ms }));

  test('is what a naive count of milliseconds says', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 8 }), (spans) => {
        const naive = new Map<string, number>();
        for (let ms = 0; ms < 4_500; ms++) {
          const inside = spans.filter(({ fromMs, untilMs }) => fromMs <= ms && ms < untilMs);
          for (const { kind } of inside) naive.set(kind, (naive.get(kind) ?? 0) + 1 / inside.length);
        }
        for (const { kind, seconds } of timeSpent(spans))
          expect(Math.abs(seconds - (naive.get(kind) ?? 0) / 1_000)).toBeLessThanOrEqual(0.0501);
        expect(timeSpent(spans).length).toBeGreaterThanOrEqual(naive.size);
      }),
      { numRuns: 60 },
    );
  });

  test('is told in the order of a run', () => {
    const spans: Span[] = [
      { kind: 'judge', what: 'checks', fromMs: 3_000, untilMs: 3_200 },
      { kind: 'start', what: 'starting', fromMs: 0, untilMs: 3_000 },
    ];
    expect(timeSpentText(spans)).toBe('start 3.0 s, judge 0.2 s');
    expect(timeSpentText([])).toBe('');
  });
});
