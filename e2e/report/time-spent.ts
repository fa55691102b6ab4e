/** A timeline brought down to one sentence: where the seconds went, by kind of stage. Pure. */
import { type Span, STAGE_KINDS, type StageKind } from '../model/timeline.ts';

export interface TimeSpent {
  kind: StageKind;
  seconds: number;
}

/**
 * Of the wall clock: where strands overlap, a moment is shared by them in equal parts, so that the sum is the time in which
 * at least one was in a stage.
 */
export function timeSpent(spans: readonly Span[]): TimeSpent[] {
  const edges = [...new Set(spans.flatMap(({ fromMs, untilMs }) => [fromMs, untilMs]))].sort((a, b) => a - b);
  const spent = new Map<StageKind, number>();
  for (const [n, fromMs] of edges.entries()) {
    const untilMs = edges[n + 1] ?? fromMs;
    const inside = spans.filter(
      (span) => span.fromMs <= fromMs && span.untilMs >= untilMs && span.untilMs > span.fromMs,
    );
    for (const { kind } of inside) spent.set(kind, (spent.get(kind) ?? 0) + (untilMs - fromMs) / inside.length);
  }
  return STAGE_KINDS.flatMap((kind) => {
    const ms = spent.get(kind);
    return ms === undefined ? [] : [{ kind, seconds: Math.round(ms / 100) / 10 }];
  });
}

export function timeSpentText(spans: readonly Span[]): string {
  return timeSpent(spans)
    .map(({ kind, seconds }) => `${kind} ${seconds.toFixed(1)} s`)
    .join(', ');
}
