import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { SearchRead } from '../model/observation.ts';
import type { Op } from '../model/op.ts';

/** A search takes about a millisecond; what was not looked for by then is told, and cannot be judged. */
const DEADLINE_MS = 30_000;
/** A document and its entry may be under way just now, by an indexer; what is missing longer is missing. */
const SETTLE_MS = 5_000;
const AGAIN_MS = 250;
const AT_ONCE = 8;

export interface Searching {
  /** How often the list of all documents shows each key. */
  listed: ReadonlyMap<string, number>;
  /** How many results of a search for the key have it. */
  found(key: string, nth: number): Promise<number>;
  /**
   * Where one search can ask for any of several keys: the keys that its results show exactly once. Of a key that it leaves out nothing
   * is known. Default: each key is asked for by itself.
   */
  glance?: { most: number; once(keys: readonly string[], nth: number): Promise<Iterable<string>> };
  /** What the service counts of itself, in one snapshot. */
  rows(): Promise<{ documents: number; texts: number }>;
}

/**
 * Looks for each key that may have been stored through the service's own search. What a glance at several keys leaves in doubt is asked
 * for by itself: only such an answer can tell that a key is not found, or found twice.
 */
export async function readSearch(
  of: string,
  ops: readonly Op[],
  { listed, found, glance, rows }: Searching,
): Promise<Omit<SearchRead, 'arm' | 'service' | 'atMs'>> {
  const startedAt = performance.now();
  const passedMs = () => Math.round(performance.now() - startedAt);
  const acknowledged = new Set<string>();
  const keys = new Set(listed.keys());
  for (const { name, kind, outcome, key } of ops) {
    if (name !== of || kind === 'read' || outcome === 'fail' || key === undefined) continue;
    keys.add(key);
    if (outcome === 'ok') acknowledged.add(key);
  }
  const counts = new Map<string, number>();
  const limit = pLimit(AT_ONCE);
  const lookFor = (wanted: readonly string[]) =>
    limit.map(wanted, async (key, nth) => {
      if (passedMs() < DEADLINE_MS) counts.set(key, await found(key, nth));
    });
  if (glance !== undefined)
    await limit.map(inGroups([...keys], glance.most), async (group, nth) => {
      if (passedMs() < DEADLINE_MS) for (const key of await glance.once(group, nth)) counts.set(key, 1);
    });
  await lookFor([...keys].filter((key) => !counts.has(key)));
  const settledByMs = Math.min(DEADLINE_MS, passedMs() + SETTLE_MS);
  const isOwed = (key: string) => counts.get(key) === 0 && (acknowledged.has(key) || listed.has(key));
  for (let wanted = [...keys].filter(isOwed); wanted.length > 0; wanted = wanted.filter(isOwed)) {
    if (passedMs() >= settledByMs) break;
    await delay(AGAIN_MS);
    await lookFor(wanted);
  }
  const items = [...counts].map(([key, count]) => ({ key, listed: listed.get(key) ?? 0, found: count }));
  const counted = await rows();
  return { kind: 'search-read', of, items, rows: counted, unasked: keys.size - counts.size, elapsedMs: passedMs() };
}

function inGroups(keys: readonly string[], most: number): string[][] {
  return Array.from({ length: Math.ceil(keys.length / most) }, (_, n) => keys.slice(n * most, (n + 1) * most));
}
