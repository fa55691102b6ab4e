/** What /proc says of a process; null or empty where it is gone, somebody else's, or there is no /proc. */
import { readFileSync } from 'node:fs';

/** Clock ticks per second as /proc counts them: USER_HZ, 100 on every Linux of today. */
const TICKS_PER_SECOND = 100;
const CONTAINER = /[0-9a-f]{64}/;
/** What is left of a program that is handed in as an argument. */
const SOURCE_NAME = /([\w-]+\.ts)\b/;
const LONGEST_ARGUMENT = 200;

export interface ProcessFacts {
  pid: number;
  parent: number;
  /** First letter of the state, e.g. R, S, D, T stopped, Z. */
  state: string;
  startedAtMs: number;
}

let bootedAtMs: number | null = null;

export function processFacts(pid: number): ProcessFacts | null {
  const text = textOf(`/proc/${pid}/stat`);
  if (text === null) return null;
  // The command stands in parentheses and may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '?', parent] = fields;
  bootedAtMs ??= Number(/^btime (\d+)/m.exec(textOf('/proc/stat') ?? '')?.[1] ?? 0) * 1_000;
  return {
    pid,
    parent: Number(parent),
    state,
    startedAtMs: bootedAtMs + (Number(fields[19]) / TICKS_PER_SECOND) * 1_000,
  };
}

/** Its command line; of a program that was handed in as source, the name that the source gives itself. */
export function commandOf(pid: number): string {
  const text = textOf(`/proc/${pid}/cmdline`);
  if (text === null || text === '') return (textOf(`/proc/${pid}/comm`) ?? '').trim() || 'unknown';
  const [program = '', ...rest] = text.split('\0').filter((argument) => argument !== '');
  const shown = rest.map((argument) =>
    argument.length <= LONGEST_ARGUMENT ? argument : (SOURCE_NAME.exec(argument)?.[1] ?? `${argument.slice(0, 20)}…`),
  );
  return [program.slice(program.lastIndexOf('/') + 1), ...shown].join(' ');
}

/** The id of the container it runs in, by its control group; null outside of one. */
export function containerIdOf(pid: number): string | null {
  return CONTAINER.exec(textOf(`/proc/${pid}/cgroup`) ?? '')?.[0] ?? null;
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
