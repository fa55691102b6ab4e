import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessEntry {
  pid: number;
  pgid: number;
  /** First letter of the state: R, S, D, T stopped, Z zombie, … */
  state: string;
  /** Together with the pid it names one process for good: a pid is used again, a pid with its start time is not. */
  startTime: string;
}

const LINUX = process.platform === 'linux';

/** All processes of this machine that can be seen. Linux: /proc, since slim images lack `ps`. Elsewhere: `ps`. */
export function listProcesses(): ProcessEntry[] {
  if (!LINUX) return parsePs(execFileSync('ps', ['-A', '-o', 'pid=,pgid=,state=,lstart='], { encoding: 'utf8' }));
  const entries: ProcessEntry[] = [];
  for (const name of readdirSync('/proc')) {
    const entry = /^\d+$/.test(name) ? readStat(Number(name)) : null;
    if (entry !== null) entries.push(entry);
  }
  return entries;
}

/** One process, null when there is none with this pid. */
export function findProcess(pid: number): ProcessEntry | null {
  if (LINUX) return readStat(pid);
  return listProcesses().find((entry) => entry.pid === pid) ?? null;
}

/** The environment a process was started with, as `NAME=value` strings. Linux only; null where it cannot be read. */
export function environmentOf(pid: number): string[] | null {
  const text = readProc(`/proc/${pid}/environ`);
  return text === null ? null : text.split('\0');
}

/** Fields as in proc_pid_stat(5); the command stands in parentheses and may itself hold spaces and parentheses. */
function readStat(pid: number): ProcessEntry | null {
  const text = readProc(`/proc/${pid}/stat`);
  if (text === null) return null;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '?', , pgid] = fields;
  return { pid, pgid: Number(pgid), state, startTime: fields[19] ?? '' };
}

/** Null when the process has ended meanwhile or belongs to somebody else. */
function readProc(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return null;
    throw error;
  }
}

function parsePs(text: string): ProcessEntry[] {
  return text.split('\n').flatMap((line) => {
    const [, pid, pgid, state, startTime] = /^\s*(\d+)\s+(\d+)\s+(\S)\S*\s+(.+?)\s*$/.exec(line) ?? [];
    if (pid === undefined || pgid === undefined || state === undefined || startTime === undefined) return [];
    return [{ pid: Number(pid), pgid: Number(pgid), state, startTime }];
  });
}
