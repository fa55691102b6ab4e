import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** Who made a container: `<host>:<pid>:<start time>`. A pid alone names somebody else after it was given out again. */
export function ownerOf(pid: number): string {
  return `${hostname()}:${pid}:${startTimeOf(pid) ?? 'unknown'}`;
}

/**
 * Whether the run that wrote this label has ended. A run on another host that shares the daemon cannot be looked at, so
 * it counts as alive; `walproof down` removes what it left.
 */
export function ownerIsGone(owner: string | undefined): boolean {
  const [host, pid, ...startTime] = (owner ?? '').split(':');
  if (host === undefined || pid === undefined || !/^\d+$/.test(pid)) return false;
  if (host !== hostname()) return false;
  return startTimeOf(Number(pid)) !== startTime.join(':');
}

/** In clock ticks since boot on Linux (field 22 of proc_pid_stat(5)), a date elsewhere; undefined when it does not run. */
function startTimeOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') {
      // The command name may hold spaces and brackets, so fields are counted from the last bracket.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' ? undefined : fields[19];
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch (error) {
    if (isNoSuchProcess(error)) return undefined;
    throw error;
  }
}

function isNoSuchProcess(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, status } = error as { code?: unknown; status?: unknown };
  return code === 'ENOENT' || code === 'ESRCH' || status === 1;
}
