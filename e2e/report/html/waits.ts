/** Who was refused a lock and who waited for one, by process. */
import type { SlowStatementSeen, SqliteErrorSeen } from '../../model/observation.ts';

/** Errors of one code in one process and phase. */
export interface Refusals {
  process: string;
  code: string;
  phase: string;
  count: number;
  firstAtMs: number;
  elapsedMs: { min: number; max: number };
}

/** One statement that took long, refused in the end or not. */
export interface Wait {
  process: string;
  elapsedMs: number;
  endedAtMs: number;
  sql: string;
  /** Null when it got its lock. */
  refusedWith: string | null;
}

export interface Waits {
  refusals: Refusals[];
  /** By process: how many long statements, and the longest. */
  processes: { process: string; count: number; longestMs: number }[];
  longest: Wait[];
}

const LONGEST_SHOWN = 10;
/** What services report as slow begins here; a refusal that came sooner was no wait. */
const WAIT_FROM_MS = 100;
const KINDS_SHOWN = 40;

export function waitsOf(errors: readonly SqliteErrorSeen[], slow: readonly SlowStatementSeen[]): Waits {
  const waits = [
    ...slow.map((seen) => waitOf(seen, null)),
    ...errors.filter(({ elapsedMs }) => elapsedMs >= WAIT_FROM_MS).map((seen) => waitOf(seen, seen.code)),
  ].sort((a, b) => b.elapsedMs - a.elapsedMs);
  const processes = [...Map.groupBy(waits, ({ process }) => process)].map(([process, own]) => ({
    process,
    count: own.length,
    longestMs: own[0]?.elapsedMs ?? 0,
  }));
  return { refusals: refusalsOf(errors), processes, longest: waits.slice(0, LONGEST_SHOWN) };
}

function waitOf({ process, elapsedMs, atMs, sql }: SlowStatementSeen | SqliteErrorSeen, code: string | null): Wait {
  return { process, elapsedMs, endedAtMs: atMs, sql: sql.trim(), refusedWith: code };
}

/** The most frequent first. */
function refusalsOf(errors: readonly SqliteErrorSeen[]): Refusals[] {
  const groups = new Map<string, Refusals>();
  for (const { process, code, phase, atMs, elapsedMs } of errors) {
    const key = JSON.stringify([process, code, phase]);
    const group = groups.get(key);
    if (group === undefined) {
      const fresh = { process, code, phase, count: 1, firstAtMs: atMs, elapsedMs: { min: elapsedMs, max: elapsedMs } };
      groups.set(key, fresh);
      continue;
    }
    group.count++;
    group.firstAtMs = Math.min(group.firstAtMs, atMs);
    group.elapsedMs.min = Math.min(group.elapsedMs.min, elapsedMs);
    group.elapsedMs.max = Math.max(group.elapsedMs.max, elapsedMs);
  }
  return [...groups.values()].sort((a, b) => b.count - a.count).slice(0, KINDS_SHOWN);
}
