/** The -wal over time: how large the file was, and how much of it a checkpoint still had to copy. */
import type { WalSample } from '../../model/observation.ts';
import { type Buckets, bucketAt } from './buckets.ts';

export interface WalSeries {
  samples: number;
  /** How often a checkpoint was seen to have made progress. */
  checkpointsSeen: number;
  points: WalPoint[];
}

export interface WalPoint {
  /** Milliseconds since the start of the run. */
  atMs: number;
  /** Null where nobody had looked for a while. */
  fileBytes: number | null;
  /** Frames that no checkpoint had copied into the database yet; null where the index was not seen. */
  pendingBytes: number | null;
}

/** Each frame has a header of 24 bytes (https://sqlite.org/fileformat2.html#wal_frame_format). */
const FRAME_HEADER_BYTES = 24;
/** Samples are half a second apart; over a longer time without one no line is drawn. */
const BLIND_MS = 2_500;

/** Of each stretch of time the sample with the largest file; null without a single one. */
export function walSeries(samples: readonly WalSample[], buckets: Buckets): WalSeries | null {
  if (samples.length === 0) return null;
  const largest = new Map<number, WalSample>();
  for (const sample of samples) {
    const n = bucketAt(buckets, sample.atMs);
    const other = largest.get(n);
    if (other === undefined || (sample.walBytes ?? 0) > (other.walBytes ?? 0)) largest.set(n, sample);
  }
  const kept = [...largest.values()].sort((a, b) => a.atMs - b.atMs);
  const points = kept.flatMap((sample, n): WalPoint[] => {
    const before = kept[n - 1]?.atMs ?? sample.atMs;
    const gap = { atMs: (before + sample.atMs) / 2, fileBytes: null, pendingBytes: null };
    return [...(sample.atMs - before > BLIND_MS ? [gap] : []), pointOf(sample)];
  });
  return { samples: samples.length, checkpointsSeen: checkpointsSeen(samples), points };
}

function pointOf({ atMs, walBytes, index }: WalSample): WalPoint {
  const pending = index && (index.frames - index.checkpointed) * (index.pageSize + FRAME_HEADER_BYTES);
  return { atMs, fileBytes: walBytes ?? 0, pendingBytes: pending };
}

/** The WAL began anew, which needs a finished checkpoint, or more of it is copied than before. */
function checkpointsSeen(samples: readonly WalSample[]): number {
  let seen = 0;
  let before: WalSample['index'] = null;
  for (const { index } of samples) {
    if (index === null) continue;
    if (before !== null && (index.salts.join() !== before.salts.join() || index.checkpointed > before.checkpointed))
      seen++;
    before = index;
  }
  return seen;
}
