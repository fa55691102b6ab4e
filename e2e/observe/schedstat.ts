import { readdirSync, readFileSync } from 'node:fs';

/** The thread that asks. */
export const OWN_THREAD = '/proc/thread-self';

/**
 * How long a thread has been ready to run and had no CPU so far, in ms: the second number of its schedstat, in nanoseconds
 * (Documentation/scheduler/sched-stats.rst of Linux). A process's folder speaks of its main thread. Null where the kernel
 * does not say.
 */
export function starvedSoFarMs(folder: string): number | null {
  try {
    return Number(readFileSync(`${folder}/schedstat`, 'latin1').split(' ')[1]) / 1e6;
  } catch {
    return null;
  }
}

/** The helpers of a process of Node, by its pid: V8 makes them before it runs the program, and no more of them later. */
const helpersByPid = new Map<number, string[]>();

/**
 * Begins to count how long a process of Node has no CPU for its event loop: its main thread, or one of V8's helpers, which
 * that may have to wait for (fixtures/service-kit/src/starvation.ts has the reason). Returns what asks for the ms since, or
 * for null when the kernel does not say.
 */
export function countStarvation(pid: number): () => number | null {
  const folders = [`/proc/${pid}`, ...helpersOf(pid)];
  const before = folders.map(starvedSoFarMs);
  return () => {
    const since = folders.map((folder, index) => {
      const [now, then] = [starvedSoFarMs(folder), before[index] ?? null];
      return now === null || then === null ? null : now - then;
    });
    const [own = null, ...helpers] = since;
    return own === null ? null : own + Math.max(0, ...helpers.map((ms) => ms ?? 0));
  };
}

function helpersOf(pid: number): string[] {
  const known = helpersByPid.get(pid);
  if (known !== undefined) return known;
  try {
    const threads = readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`);
    const helpers = threads.filter((folder) => readFileSync(`${folder}/comm`, 'latin1').trim() === 'V8Worker');
    helpersByPid.set(pid, helpers);
    return helpers;
  } catch {
    return [];
  }
}
