/**
 * Goal:   every image that is made is what the frames alone say it is, SQLite recovers it, and one that it must not recover to
 *         any commit is found.
 * Method: a real -wal; each image parsed by itself as a naive oracle; sweeps of sound and of broken snapshots.
 */
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CrashLooks } from '../model/crash.ts';
import { damaged, type FrameBytes, firstLost, imagesAt, placeOf, SECTOR_BYTES } from '../observe/crash/images.ts';
import { rebased } from '../observe/crash/rebase.ts';
import { commitBefore, readSnapshot, type Snapshot } from '../observe/crash/snapshot.ts';
import { SweepPool } from '../observe/crash/sweep-pool.ts';
import { sweepRange } from '../observe/crash/sweep-range.ts';
import { parseWalFrames, type WalFrames } from '../observe/wal-frames.ts';

const LOOKS: CrashLooks = {
  tables: ['words'],
  halves: 'SELECT id FROM notes WHERE id NOT IN (SELECT id FROM words_docsize)',
  keys: [{ of: 'add-note', sql: 'SELECT id FROM notes' }],
};

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'walproof-sweep-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Story {
  notes: number;
  /** One commit for a note and its words, or two. */
  together?: boolean;
  checkpointAfter?: number;
  /** A reader keeps the -wal from being begun anew after the checkpoint. Default true. */
  isPinned?: boolean;
  synchronous?: number;
}

/** What a kill leaves of a database with so many notes. */
async function snapshotOf({
  notes,
  together = true,
  checkpointAfter = 0,
  isPinned = true,
  synchronous = 1,
}: Story): Promise<Snapshot> {
  const own = mkdtempSync(join(folder, 'story-'));
  const live = new Database(join(own, 'live.db'));
  live.pragma('journal_mode = WAL');
  live.pragma('synchronous = OFF');
  live.pragma('wal_autocheckpoint = 0');
  live.exec('CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT); CREATE VIRTUAL TABLE words USING fts5(body)');
  live.pragma('wal_checkpoint(TRUNCATE)');
  const note = live.prepare('INSERT INTO notes VALUES (?, ?)');
  const words = live.prepare('INSERT INTO words (rowid, body) VALUES (?, ?)');
  const both = (id: number) => {
    note.run(id, 'note '.repeat(150));
    words.run(id, `note number ${id}`);
  };
  const reader = new Database(join(own, 'live.db'));
  for (let id = 1; id <= notes; id++) {
    if (together) live.transaction(both)(id);
    else both(id);
    if (id !== checkpointAfter) continue;
    if (isPinned) reader.exec('BEGIN; SELECT count(*) FROM notes');
    live.pragma('wal_checkpoint(PASSIVE)');
  }
  for (const suffix of ['', '-wal', '-shm']) copyFileSync(join(own, `live.db${suffix}`), join(own, `copy.db${suffix}`));
  reader.close();
  live.close();
  const snapshot = await readSnapshot(join(own, 'copy.db'), synchronous);
  if (typeof snapshot === 'string') throw new Error(snapshot);
  return snapshot;
}

function framesOf(wal: Uint8Array): WalFrames {
  const frames = parseWalFrames(wal);
  if (frames === null) throw new Error('expected a usable header');
  return frames;
}

const copied = ({ wal }: Snapshot, { frameBytes, frames }: WalFrames): FrameBytes => ({
  bytes: wal,
  frameBytes,
  firstFrame: 1,
  frames,
});

function sweepAll(snapshot: Snapshot, asCopiedEvery = 4) {
  const { frames } = framesOf(snapshot.wal);
  const after = snapshot.synchronous === 0 ? 0 : snapshot.attempted;
  return sweepRange(snapshot, { after, upTo: frames }, { looks: LOOKS, seed: 1, asCopiedEvery, folder });
}

describe('images', () => {
  test('leave the frames before the damage and none after it, by a naive reading of each', async () => {
    const snapshot = await snapshotOf({ notes: 30 });
    const { wal: stale } = await snapshotOf({ notes: 30 });
    const frames = framesOf(snapshot.wal);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: frames.frames + 1 }), fc.nat(), fc.boolean(), (frame, seed, isReused) => {
        for (const image of imagesAt(frame, frames.frames, frames.frameBytes, seed)) {
          const wal = copied(snapshot, frames);
          const left = damaged(image, wal, isReused ? stale : null);
          const lost = firstLost(image, wal, left);
          expect([image.kind, framesOf(left).frames]).toEqual([image.kind, lost - 1]);
          expect(framesOf(left).committed).toBe(commitBefore(lost, frames));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('lose a garbled frame also where a sector ends in its header and the generation before begins alike', async () => {
    const snapshot = await snapshotOf({ notes: 30 });
    const { wal: stale } = await snapshotOf({ notes: 30 });
    const frames = framesOf(snapshot.wal);
    const wal = copied(snapshot, frames);
    const numbers = Array.from({ length: frames.frames }, (_, n) => n + 1);
    // Only page number and size lie in the first sector: equal in both generations, so it is the salts that have to go.
    const crossing = numbers.filter((frame) => placeOf(frame, wal) % SECTOR_BYTES === SECTOR_BYTES - 8);
    expect(crossing.length).toBeGreaterThan(0);
    for (const frame of crossing) {
      for (let seed = 0; seed < 1_000; seed++) {
        const garbled = imagesAt(frame, frames.frames, frames.frameBytes, seed).filter(
          ({ kind }) => kind === 'garbled',
        );
        for (const image of garbled) expect(framesOf(damaged(image, wal, stale)).frames).toBe(frame - 1);
      }
    }
  });

  test('of a rebased -wal hold the same pages as those of the copied one', async () => {
    const snapshot = await snapshotOf({ notes: 20 });
    const frames = framesOf(snapshot.wal);
    const base = frames.commits[9] as number;
    const { bytes } = rebased(snapshot.wal, frames, base, frames.frames);
    const short = framesOf(bytes);
    expect([...short.pages]).toEqual([...frames.pages.subarray(base)]);
    expect(short).toMatchObject({ end: 'end', committed: frames.committed - base });
  });

  test('are the same for the same seed', () => {
    expect(imagesAt(5, 9, 4_120, 77)).toEqual(imagesAt(5, 9, 4_120, 77));
    expect(imagesAt(5, 9, 4_120, 77)).not.toEqual(imagesAt(5, 9, 4_120, 78));
  });
});

describe('a sweep', () => {
  test('recovers every image of a sound -wal to the state after a commit, with its keys in order', async () => {
    const snapshot = await snapshotOf({ notes: 40 });
    const { frames, commits } = framesOf(snapshot.wal);
    const { failed, images, states, asCopied } = sweepAll(snapshot);
    expect(failed).toEqual([]);
    expect(images).toEqual({ boundary: frames + 1, torn: frames, garbled: frames, reordered: frames - 1 });
    expect(states.map(({ commit }) => commit)).toEqual([0, ...commits]);
    expect(states.map(({ keys }) => keys[0])).toEqual([[], ...Array.from({ length: 40 }, (_, n) => [`${n + 1}`])]);
    expect(asCopied).toBe(Math.ceil((4 * frames) / 4));
  });

  test('leaves alone what a checkpoint has synced', async () => {
    const snapshot = await snapshotOf({ notes: 40, checkpointAfter: 20 });
    const { frames } = framesOf(snapshot.wal);
    expect(snapshot.attempted).toBeGreaterThan(0);
    const { failed, images } = sweepAll(snapshot);
    expect(failed).toEqual([]);
    expect(images.torn).toBe(frames - snapshot.attempted);
  });

  test('finds a note whose words were committed after it', async () => {
    const { failed } = sweepAll(await snapshotOf({ notes: 20, together: false }));
    expect(failed.map(({ code }) => code)).toEqual(['fts-inconsistent']);
    expect(failed[0]?.images).toBe(20);
  });

  test('finds states of no commit where a checkpoint did not sync first', async () => {
    const { failed } = sweepAll(await snapshotOf({ notes: 40, checkpointAfter: 30, synchronous: 0 }));
    expect(failed.length).toBeGreaterThan(0);
    for (const { code } of failed) expect(['not-a-prefix', 'corrupt', 'fts-inconsistent']).toContain(code);
    expect(failed.map(({ code }) => code)).toContain('corrupt');
  });

  test('finds a database that lost pages below the frames', async () => {
    const snapshot = await snapshotOf({ notes: 40, checkpointAfter: 30, isPinned: false });
    const { pages } = framesOf(snapshot.wal);
    const total = snapshot.database.length / 4_096;
    const below = Array.from({ length: total }, (_, n) => n + 1).filter((page) => page > 1 && !pages.includes(page));
    expect(below.length).toBeGreaterThan(0);
    for (const page of below) snapshot.database.fill(0xff, (page - 1) * 4_096, page * 4_096);
    expect(sweepAll(snapshot).failed.map(({ code }) => code)).toContain('corrupt');
  });

  test('under FULL damages no commit but the one under way', async () => {
    const normal = await snapshotOf({ notes: 20 });
    const { failed, images } = sweepAll({ ...normal, synchronous: 2 });
    expect(failed).toEqual([]);
    expect(images).toEqual(sweepAll(normal).images);
  });

  test('on two threads says what one says, and leaves no file', async () => {
    const before = readdirSync('/dev/shm').filter((name) => name.startsWith(`walproof-crash-${process.pid}-`));
    const snapshot = await snapshotOf({ notes: 150 });
    const one = sweepAll(snapshot, 32);
    {
      await using pool = new SweepPool(LOOKS, 1, 32);
      const { images, states, keys, failed } = await pool.sweep(snapshot);
      expect([images, failed]).toEqual([one.images, []]);
      expect(states).toBe(one.states.length);
      expect(keys[0]?.later.map((each) => each.keys)).toEqual(one.states.slice(1).map((each) => each.keys[0]));
    }
    expect(readdirSync('/dev/shm').filter((name) => name.startsWith(`walproof-crash-${process.pid}-`))).toEqual(before);
  });
});
