import { setTimeout as delay } from 'node:timers/promises';
import { WalproofError } from '../model/errors.ts';
import type { FinalRead, FoundItem } from '../model/observation.ts';
import type { HttpClient } from './http.ts';

/** A service that has just recovered may refuse a read for a moment; what it refuses longer is its answer. */
const DEADLINE_MS = 15_000;
const AGAIN_MS = 100;

/** The JSON body of a GET, asked again while the service refuses it. Throws PROBE_FAILED at the deadline, or the signal's reason. */
export async function getJson<T>(http: HttpClient, url: string): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    http.signal?.throwIfAborted();
    const reply = await http.send({ method: 'GET', url });
    if (reply.outcome === 'ok') return reply.body as T;
    if (performance.now() >= deadline) {
      const seen = reply.error === undefined ? `HTTP ${reply.status}` : `${reply.error.code}: ${reply.error.message}`;
      throw new WalproofError(
        'PROBE_FAILED',
        `the final read expected HTTP 200 from ${url} within ${DEADLINE_MS / 1000} s, last seen: ${seen}`,
        "look at the service's log in the run bundle",
      );
    }
    await delay(AGAIN_MS);
  }
}

/** What the final read answers for the ops named `of`: each key with how often it was found. */
export function finalItems<T>(
  of: string,
  rows: readonly T[],
  itemOf: (row: T) => { key: string; value: string } | null,
): Omit<FinalRead, 'arm' | 'service' | 'atMs'> & { items: FoundItem[] } {
  const items = new Map<string, FoundItem>();
  for (const row of rows) {
    const item = itemOf(row);
    if (item === null) continue;
    const known = items.get(item.key);
    if (known === undefined) items.set(item.key, { ...item, count: 1 });
    else known.count++;
  }
  return { kind: 'final-read', of, items: [...items.values()] };
}
