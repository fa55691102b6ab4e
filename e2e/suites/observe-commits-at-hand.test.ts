/**
 * Goal:   traffic ends while many commits are in the -wal alone, wherever checkpoints come; right after one there is nothing
 *         to look at.
 * Method: a -wal-index that moves on with every look, as that of a loaded service does.
 */
import { endianness } from 'node:os';
import { describe, expect, test } from 'vitest';
import { commitsAtHand } from '../observe/commits-at-hand.ts';

/** https://sqlite.org/walformat.html#the_wal_index_file_format */
function head(frames: number, checkpointed: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(136));
  const native = endianness() === 'LE';
  for (const at of [0, 48]) {
    bytes.setUint8(at + 12, 1);
    bytes.setUint16(at + 14, 4_096, native);
    bytes.setUint32(at + 16, frames, native);
  }
  bytes.setUint32(96, checkpointed, native);
  return new Uint8Array(bytes.buffer);
}

/** How many looks it took until one said yes; null when none of them did. */
async function looksUntil(looks: (Uint8Array | null)[]): Promise<number | null> {
  let taken = 0;
  const isMoment = commitsAtHand({ walIndexHead: async () => looks[taken++] ?? null }, (problem) => {
    throw new Error(problem);
  });
  for (const _ of looks) if (await isMoment()) return taken;
  return null;
}

describe('traffic ends', () => {
  test('in the upper half of a -wal, but not where the next commits bring on a checkpoint', async () => {
    expect(await looksUntil([head(700, 0), head(990, 0), head(30, 0), head(450, 0), head(900, 0), head(700, 0)])).toBe(
      6,
    );
  });

  test('by what no checkpoint has reached, not by the size of the -wal', async () => {
    expect(await looksUntil([head(1_000, 0), head(10, 0), head(700, 600), head(800, 200)])).toBe(4);
  });

  test('not by a checkpoint that a reader stopped half-way', async () => {
    expect(
      await looksUntil([head(1_108, 1_000), head(1_110, 1_050), head(1_200, 1_110), head(9, 0), head(700, 0)]),
    ).toBe(5);
  });

  test('by the newest round, not by one that a reader let grow', async () => {
    expect(await looksUntil([head(9_000, 0), head(900, 0), head(20, 0), head(600, 0)])).toBe(4);
  });

  test('at a -wal that is just being written, or is not there: not before it can be read', async () => {
    expect(await looksUntil([head(1_000, 0), head(10, 0), null, new Uint8Array(136), head(700, 0)])).toBe(5);
  });

  test('not before the -wal began anew once', async () => {
    expect(await looksUntil([head(0, 0), head(100, 0), head(600, 0), head(700, 0)])).toBeNull();
  });

  test('where a look fails, which is told and does not end the run', async () => {
    const problems: string[] = [];
    const walIndexHead = () => Promise.reject(new Error('the observer is gone'));
    expect(await commitsAtHand({ walIndexHead }, (problem) => problems.push(problem))()).toBe(true);
    expect(problems).toEqual([expect.stringContaining('the observer is gone')]);
  });
});
