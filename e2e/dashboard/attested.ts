import { z } from 'zod';
import type { PragmaPolicy } from '../model/service.ts';
import type { ConnectionNow, Drift } from './state.ts';

const attestation = z.object({
  connection: z.number(),
  pid: z.number(),
  readonly: z.boolean(),
  journalMode: z.string().max(64),
  busyTimeoutMs: z.number(),
  synchronous: z.number(),
  cacheSize: z.number(),
  foreignKeys: z.boolean(),
  sqliteVersion: z.string().max(64),
  driver: z.string().max(64),
});

/** A process holds two or three; what claims more is not shown to its end. */
const MOST_CONNECTIONS = 16;
const health = z.object({ connections: z.array(attestation) });

/** The connections that a health answer names, each with what is not as the policy wants it; null when it names none. */
export function connectionsIn(body: string, policy: PragmaPolicy): ConnectionNow[] | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return null;
  }
  const { data } = health.safeParse(parsed);
  if (data === undefined) return null;
  return data.connections.slice(0, MOST_CONNECTIONS).map((each) => ({ ...each, drift: driftOf(each, policy) }));
}

function driftOf(seen: z.infer<typeof attestation>, policy: PragmaPolicy): Drift[] {
  const pairs: [string, unknown, unknown][] = [
    ['journal_mode', policy.journalMode, seen.journalMode],
    ['busy_timeout', policy.busyTimeoutMs, seen.busyTimeoutMs],
    ['synchronous', policy.synchronous, seen.synchronous],
    ['cache_size', policy.cacheSize, seen.cacheSize],
    ['foreign_keys', policy.foreignKeys ? 1 : 0, seen.foreignKeys ? 1 : 0],
  ];
  return pairs
    .filter(([, expected, given]) => expected !== given)
    .map(([pragma, expected, given]) => ({ pragma, expected: String(expected), seen: String(given) }));
}
