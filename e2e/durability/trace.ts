/** Reads what strace wrote. Pure. */

/** A file of the database by its suffix. */
export type Suffix = '' | '-wal' | '-journal';

interface Timed {
  /** Microseconds since the epoch; the call really began after the one and ended before the other. */
  startUs: number;
  endUs: number;
}

export type DiskEvent = Timed &
  (
    | { kind: 'write'; file: Suffix; at: number; bytes: Uint8Array }
    | { kind: 'truncate'; file: Suffix; bytes: number }
    | { kind: 'sync'; file: Suffix }
    | { kind: 'open'; file: Suffix; creates: boolean }
    | { kind: 'unlink'; file: Suffix }
    | { kind: 'sync-folder' }
  );

const LINE = /^(?:\d+ +)?(\d+)\.(\d{6}) (\w+)\((.*)\) += (-?\d+)(?:<[^>]*>)?[^<]*<(\d+)\.(\d{6})>$/s;
/** A call that was under way when the process was killed: it may have done all of its work or none. */
const UNFINISHED = /^(?:\d+ +)?(\d+)\.(\d{6}) (pwrite64|ftruncate|unlink)\((.*?)(?:\)? += \?| <unfinished)/s;

/** Events of all traces in the order in which they began. Calls that failed are left out. Throws RangeError at one it does not know. */
export function eventsIn(traces: readonly string[], database: string): DiskEvent[] {
  const events = traces.flatMap((trace) => trace.split('\n').flatMap((line) => eventOf(line, database) ?? []));
  return events.sort((a, b) => a.startUs - b.startUs);
}

function eventOf(line: string, database: string): DiskEvent | null {
  const whole = LINE.exec(line);
  if (whole !== null) {
    const [, seconds, micros, call = '', args = '', result, tookSeconds, tookMicros] = whole;
    if (Number(result) < 0) return null;
    const startUs = Number(seconds) * 1e6 + Number(micros);
    const endUs = startUs + Number(tookSeconds) * 1e6 + Number(tookMicros);
    return { startUs, endUs, ...meaningOf(call, args, database) };
  }
  const [, seconds, micros, call = '', args = ''] = UNFINISHED.exec(line) ?? [];
  if (seconds === undefined) return null;
  return {
    startUs: Number(seconds) * 1e6 + Number(micros),
    endUs: Number.POSITIVE_INFINITY,
    ...meaningOf(call, args, database),
  };
}

type Meaning = DiskEvent extends infer E ? (E extends Timed ? Omit<E, keyof Timed> : never) : never;

function meaningOf(call: string, args: string, database: string): Meaning {
  const file = () => suffixOf(handlePath(args), database);
  if (call === 'pwrite64') {
    const [, hex = '', size, at] = /, "((?:\\x[0-9a-f]{2})*)", (\d+), (\d+)$/.exec(args) ?? [];
    const bytes = bytesOf(hex);
    if (bytes.length !== Number(size))
      throw new RangeError(`expected ${size} bytes of a write in the trace, seen ${bytes.length}`);
    return { kind: 'write', file: file(), at: Number(at), bytes };
  }
  if (call === 'fsync' || call === 'fdatasync')
    return database.startsWith(`${handlePath(args)}/`) ? { kind: 'sync-folder' } : { kind: 'sync', file: file() };
  if (call === 'ftruncate') return { kind: 'truncate', file: file(), bytes: Number(/, (\d+)$/.exec(args)?.[1]) };
  if (call === 'unlink') return { kind: 'unlink', file: suffixOf(quoted(args), database) };
  if (call === 'openat') {
    const path = quoted(args);
    // The folder itself, opened to be synced.
    if (database.startsWith(`${path}/`)) return { kind: 'open', file: '', creates: false };
    return { kind: 'open', file: suffixOf(path, database), creates: args.includes('O_CREAT') };
  }
  throw new RangeError(`expected only calls of SQLite's that the model knows, seen ${call}(${args.slice(0, 80)}`);
}

function handlePath(args: string): string {
  return bytesOf(/^\d+<((?:\\x[0-9a-f]{2})*)>/.exec(args)?.[1] ?? '').toString();
}

function quoted(args: string): string {
  return bytesOf(/"((?:\\x[0-9a-f]{2})*)"/.exec(args)?.[1] ?? '').toString();
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll('\\x', ''), 'hex');
}

function suffixOf(path: string, database: string): Suffix {
  const suffix = path.slice(database.length);
  if (path.startsWith(database) && (suffix === '' || suffix === '-wal' || suffix === '-journal')) return suffix;
  throw new RangeError(`expected a file of ${database} in the trace, seen ${path}`);
}
