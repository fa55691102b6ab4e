import { setTimeout as delay } from 'node:timers/promises';
import type { DeliveryRead } from '../model/observation.ts';
import type { Op } from '../model/op.ts';

/** What was still waiting when the load ended is worked off within seconds; what is owed after this is the finding. */
const DEADLINE_MS = 20_000;
const AGAIN_MS = 100;
/** Each loop of a service looks many times within this time: when nothing waits and nothing comes, nothing is under way. */
const QUIET_MS = 3_000;

export interface Answering {
  /** The answers that came since the last call, each with an id of its own and the key it answers, if any. */
  newAnswers(): Promise<{ id: string; key: string | null }[]>;
  /** Whether nothing waits to be answered any more, so that nothing can be answered twice later. */
  isDrained(): Promise<boolean>;
}

/**
 * Waits until every acknowledged op is answered and nothing is left to do, until nothing has been under way for a while, or
 * until the deadline; then says how often each key was answered.
 */
export async function readDelivery(
  of: string,
  ops: readonly Op[],
  { newAnswers, isDrained }: Answering,
  deadlineMs: number = DEADLINE_MS,
): Promise<Omit<DeliveryRead, 'arm' | 'service' | 'atMs'>> {
  const owed = new Set(ops.flatMap((op) => (op.name === of && op.outcome === 'ok' && op.key ? [op.key] : [])));
  const seen = new Set<string>();
  const counts = new Map<string, number>();
  const startedAt = performance.now();
  const waitedMs = () => Math.round(performance.now() - startedAt);
  let busyAtMs = 0;
  for (;;) {
    // Asked first: what is answered after this look is found by the read that follows it.
    const drained = await isDrained();
    if (!drained) busyAtMs = waitedMs();
    for (const { id, key } of await newAnswers()) {
      // Pages of a service that counts by time may overlap; an answer is one however often it is shown.
      if (seen.has(id)) continue;
      seen.add(id);
      busyAtMs = waitedMs();
      if (key === null) continue;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      owed.delete(key);
    }
    if ((owed.size === 0 && drained) || waitedMs() >= deadlineMs || waitedMs() - busyAtMs >= QUIET_MS) break;
    await delay(AGAIN_MS);
  }
  const answers = [...counts].map(([key, count]) => ({ key, count }));
  return { kind: 'delivery-read', of, answers, waitedMs: waitedMs(), deadlineMs };
}
