import { countStarvation, OWN_THREAD, starvedSoFarMs } from '../observe/schedstat.ts';

export interface HealthTime {
  status: number;
  tookMs: number;
  /** Without the time in which there was no CPU for this thread or for the process. */
  ownMs: number;
}

/** Asks a health route once and takes the time, as far as it is the process's own. */
export async function healthTime(url: string, pid: number): Promise<HealthTime> {
  const starvation = countStarvation(pid);
  const [askedAt, before] = [performance.now(), starvedSoFarMs(OWN_THREAD) ?? 0];
  const { status } = await fetch(url);
  const tookMs = performance.now() - askedAt;
  const starvedMs = (starvedSoFarMs(OWN_THREAD) ?? 0) - before + (starvation() ?? 0);
  return { status, tookMs, ownMs: tookMs - starvedMs };
}
