/** Which SQLite a process has, by the text in the library that it has mapped: nobody else can ask its connection. */
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';

export interface VersionFound {
  version: string | null;
  by: string;
}

/** By path, e.g. better-sqlite3/prebuilds/linux-x64.node or libsqlite3.so.0.8.6. */
const LIBRARY = /sqlite|libsql/i;
/** better-sqlite3 has 2 MB and Node, which carries SQLite as well, 120. */
const MOST_BYTES = 200 * 2 ** 20;
const PIECE_BYTES = 4 * 2 ** 20;
/** More than a version with its source id takes. */
const OVERLAP = 256;
/** SQLite's version, a text of its own, and where the compiler left them neighbours the source id behind it. */
const VERSION = /^(3\.\d{1,2}\.\d{1,2})\0+(20\d\d-\d\d-\d\d \d\d:\d\d:\d\d [0-9a-f]{40,64})?/;

/** Files that were looked at, by device and inode: processes of one service share theirs. */
export class SqliteVersions {
  readonly #known = new Map<string, string | null>();

  of(pid: number): VersionFound {
    let mapped: string[];
    try {
      mapped = mappedFiles(readFileSync(`/proc/${pid}/maps`, 'utf8'));
    } catch {
      return { version: null, by: 'not known: its memory map cannot be read' };
    }
    const libraries = mapped.filter((path) => LIBRARY.test(path));
    // Node carries an SQLite of its own, so its program says nothing where a driver is mapped.
    const candidates = libraries.length > 0 ? libraries : mapped.slice(0, 1);
    for (const path of candidates) {
      // As the process sees the path: in a container it is another file, or none here.
      const version = this.#inFile(`/proc/${pid}/root${path}`);
      if (version !== null) return { version, by: `the text in ${path}` };
    }
    return { version: null, by: 'not known: no library with a version of SQLite is mapped' };
  }

  #inFile(path: string): string | null {
    try {
      const { dev, ino, size } = statSync(path);
      const key = `${dev}:${ino}`;
      const known = this.#known.get(key);
      if (known !== undefined) return known;
      const version = size > MOST_BYTES ? null : searched(path);
      this.#known.set(key, version);
      return version;
    } catch {
      return null;
    }
  }
}

/** The executable mappings' files, the program first, each once. */
function mappedFiles(maps: string): string[] {
  const paths = maps.split('\n').flatMap((line) => {
    const [, permissions, path] = /^\S+ (\S+) \S+ \S+ \d+\s+(\/.*)$/.exec(line) ?? [];
    return path !== undefined && permissions?.includes('x') === true && !path.endsWith(' (deleted)') ? [path] : [];
  });
  return [...new Set(paths)];
}

/** The version that has a source id behind it, else the one that stands there most often; null when two do. */
function searched(path: string): string | null {
  const file = openSync(path, 'r');
  const counts = new Map<string, number>();
  try {
    const piece = Buffer.alloc(PIECE_BYTES);
    for (let at = 0; ; at += PIECE_BYTES - OVERLAP) {
      const bytes = piece.subarray(0, readSync(file, piece, 0, PIECE_BYTES, at));
      for (const { version, hasSourceId } of versionsIn(bytes)) {
        if (hasSourceId) return version;
        counts.set(version, (counts.get(version) ?? 0) + 1);
      }
      if (bytes.length < PIECE_BYTES) break;
    }
  } finally {
    closeSync(file);
  }
  const [first, second] = [...counts].toSorted(([, a], [, b]) => b - a);
  return first === undefined || first[1] === second?.[1] ? null : first[0];
}

function* versionsIn(bytes: Buffer): Generator<{ version: string; hasSourceId: boolean }> {
  // A pattern over all bytes takes twenty times as long as looking for what it begins with.
  for (let at = bytes.indexOf('3.'); at !== -1; at = bytes.indexOf('3.', at + 1)) {
    const before = String.fromCharCode(bytes[at - 1] ?? 0);
    if (/[\d.]/.test(before)) continue;
    const [, version, sourceId] = VERSION.exec(bytes.toString('latin1', at, at + OVERLAP)) ?? [];
    if (version !== undefined) yield { version, hasSourceId: sourceId !== undefined };
  }
}
