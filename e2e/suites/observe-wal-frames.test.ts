/**
 * Goal:   the frames that the parser counts are those that SQLite recovers, for every page size, and damage ends them where it is.
 * Method: real -wal files; SQLite's own recovery of a copy is asked how many frames and which rows it finds.
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WAL_HEADER_BYTES } from '../observe/wal-format.ts';
import { FRAME_HEADER_BYTES, frameOffset, parseWalFrames, type WalFrames } from '../observe/wal-frames.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'walproof-frames-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** One row a commit, big enough that a commit has frames beyond its own page. Left as a kill leaves it: a copy of the live files. */
function walOf(commits: number, pageSize = 4_096): Buffer {
  const live = new Database(join(folder, 'live.db'));
  live.pragma(`page_size = ${pageSize}`);
  live.pragma('journal_mode = WAL');
  live.pragma('wal_autocheckpoint = 0');
  live.pragma('synchronous = OFF');
  live.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT)');
  const insert = live.prepare('INSERT INTO t (body) VALUES (?)');
  for (let n = 1; n < commits; n++) insert.run(`${n % 10}`.repeat(pageSize / 3));
  copyFileSync(join(folder, 'live.db'), join(folder, 'copy.db'));
  const wal = readFileSync(join(folder, 'live.db-wal'));
  live.close();
  rmSync(join(folder, 'live.db'));
  return wal;
}

/** What SQLite finds: frames by its own count, rows of the table, null where there is none yet. */
function recovered(wal: Uint8Array): { frames: number; rows: number | null } {
  writeFileSync(join(folder, 'copy.db-wal'), wal);
  rmSync(join(folder, 'copy.db-shm'), { force: true });
  const database = new Database(join(folder, 'copy.db'), { readonly: true });
  try {
    const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 't'").get();
    const rows = table === undefined ? null : database.prepare('SELECT count(*) FROM t').pluck().get();
    const index = readFileSync(join(folder, 'copy.db-shm'));
    return { frames: index.readUInt32LE(16), rows: rows as number | null };
  } finally {
    database.close();
  }
}

function framesOf(wal: Uint8Array): WalFrames {
  const parsed = parseWalFrames(wal);
  if (parsed === null) throw new Error('expected a usable header');
  return parsed;
}

/** Rows after the last commit up to a frame: the first commit makes the table, each later one a row. */
const rowsAt = ({ commits }: WalFrames, frame: number) => {
  const done = commits.filter((commit) => commit <= frame).length;
  return done === 0 ? null : done - 1;
};

describe('frames of a -wal', () => {
  test.each([512, 1_024, 4_096, 65_536])('are all counted, with their commits, at a page size of %i', (pageSize) => {
    const wal = walOf(12, pageSize);
    const parsed = framesOf(wal);
    expect(parsed).toMatchObject({ pageSize, end: 'end', frames: parsed.slots });
    expect(parsed.commits).toHaveLength(12);
    expect(recovered(wal)).toEqual({ frames: parsed.committed, rows: 11 });
  });

  test('a cut at any byte, or a flipped one, leaves what SQLite recovers', () => {
    const wal = walOf(8, 512);
    const whole = framesOf(wal);
    const at = fc.nat(wal.length - WAL_HEADER_BYTES - 1).map((n) => n + WAL_HEADER_BYTES);
    const damage = fc.oneof(
      at.map((byte) => wal.subarray(0, byte)),
      at.map((byte) => {
        const flipped = Buffer.from(wal);
        flipped.writeUInt8(flipped.readUInt8(byte) ^ 0x40, byte);
        return flipped;
      }),
    );
    fc.assert(
      fc.property(damage, (image) => {
        const parsed = framesOf(image);
        expect(recovered(image)).toEqual({ frames: parsed.committed, rows: rowsAt(whole, parsed.committed) });
      }),
      { numRuns: 150 },
    );
  });

  test('a file that is no multiple of four bytes into its buffer is read the same', () => {
    const wal = walOf(3);
    const shifted = new Uint8Array(wal.length + 1);
    shifted.set(wal, 1);
    expect(framesOf(shifted.subarray(1))).toEqual(framesOf(new Uint8Array(wal)));
  });

  test('say why they end', () => {
    const wal = walOf(5);
    const { frameBytes, frames } = framesOf(wal);
    const changed = (at: number, value: number) => {
      const copy = Buffer.from(wal);
      copy.writeUInt32BE(value, at);
      return framesOf(copy);
    };
    const third = frameOffset(3, { frameBytes });
    expect(framesOf(wal.subarray(0, -1))).toMatchObject({ end: 'torn', frames: frames - 1 });
    expect(changed(third + 8, 1)).toMatchObject({ end: 'salts', frames: 2 });
    expect(changed(third, 0)).toMatchObject({ end: 'page-zero', frames: 2 });
    expect(changed(third + FRAME_HEADER_BYTES, 1)).toMatchObject({ end: 'checksum', frames: 2 });
  });

  test('there are none under a header that SQLite does not accept', () => {
    const wal = walOf(2);
    for (const at of [0, 4, 8, 24]) {
      const copy = Buffer.from(wal);
      copy.writeUInt32BE(0, at);
      expect(parseWalFrames(copy)).toBeNull();
    }
    expect(parseWalFrames(wal.subarray(0, WAL_HEADER_BYTES - 1))).toBeNull();
    expect(framesOf(wal.subarray(0, WAL_HEADER_BYTES))).toMatchObject({
      frames: 0,
      committed: 0,
      slots: 0,
      end: 'end',
    });
  });

  test('10 000 of them take well below a second', () => {
    const wal = walOf(5_000);
    const before = performance.now();
    expect(framesOf(wal).frames).toBeGreaterThan(5_000);
    expect(performance.now() - before).toBeLessThan(1_000);
  });
});
