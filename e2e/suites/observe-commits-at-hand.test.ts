/**
 * Goal:   traffic ends while many commits are in the -wal alone, wherever checkpoints come; right after one there is nothing
 *         to look at.
 * Method: a -wal-index that moves on with every look, as that of a loaded service does.
 */
import { endianness } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { Observation } from '../model/observation.ts';
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

const sampled = (frames: number) =>
  ({
    kind: 'wal-sample',
    index: { frames, checkpointed: 0, pageSize: 4_096, salts: ['', ''] },
  }) as unknown as Observation;

/** The frames that no checkpoint had reached at the look after which it went on; `looks` are given round and round. */
async function seenAt(observations: Observation[], looks: (Uint8Array | null)[]): Promise<number> {
  let taken = -1;
  const walIndexHead = async () => looks[++taken % looks.length] ?? null;
  await commitsAtHand({ walIndexHead }, { observations }, new AbortController().signal);
  return taken;
}

describe('traffic ends', () => {
  test('in the upper half of a -wal, but not where the next commits bring on a checkpoint', async () => {
    const looks = [head(990, 0), head(30, 0), head(450, 0), head(700, 0)];
    expect(await seenAt([sampled(1_000)], looks)).toBe(3);
  });

  test('by what no checkpoint has reached, not by the size of the -wal', async () => {
    expect(await seenAt([sampled(1_000)], [head(1_300, 1_200), head(1_900, 1_200)])).toBe(1);
  });

  test('by a peak that shows only now, also of a service that checkpoints early', async () => {
    expect(await seenAt([sampled(40)], [head(100, 0), head(35, 0), head(60, 0)])).toBe(2);
  });

  test('at a -wal that is just being written, or is not there: not before it can be read', async () => {
    expect(await seenAt([sampled(1_000)], [null, new Uint8Array(136), head(700, 0)])).toBe(2);
  });

  test('after three seconds, however little there is', async () => {
    const begun = performance.now();
    await seenAt([sampled(1_000)], [head(3, 0)]);
    expect(performance.now() - begun).toBeGreaterThan(2_900);
    expect(performance.now() - begun).toBeLessThan(10_000);
  });
});
