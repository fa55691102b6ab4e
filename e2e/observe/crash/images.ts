/** Which images there are, and how one is made from the -wal it damages. Pure. */
import { unsafeUniformIntDistribution, xoroshiro128plus } from 'pure-rand';
import type { ImageKind } from '../../model/crash.ts';
import { WAL_HEADER_BYTES } from '../wal-format.ts';
import { FRAME_HEADER_BYTES } from '../wal-frames.ts';

/** A disk writes whole sectors: of what was not synced, each is as it was before or as it was to become. */
export const SECTOR_BYTES = 512;

export interface Image {
  kind: ImageKind;
  /** The first frame that is missing or damaged, from 1. */
  frame: number;
  /** Of a torn frame, the bytes that are there. */
  tornAt: number;
  /** What lies where nothing was written: the end of the file, or the generation before. */
  behind: 'nothing' | 'stale';
  seed: number;
}

/** The bytes of a -wal and where its frames are: the copied one, or one that begins at a later commit. */
export interface FrameBytes {
  bytes: Uint8Array;
  frameBytes: number;
  /** Number of its first frame in the copied -wal. */
  firstFrame: number;
  frames: number;
  /** As long as `bytes`: where images of a long -wal are made, each in place of the one before, instead of leaving garbage. */
  scratch?: Uint8Array;
}

/** Every image that damages a frame first, each kind once; one for the place behind the last frame. */
export function imagesAt(frame: number, frames: number, frameBytes: number, seed: number): Image[] {
  const random = intsFrom(seed ^ Math.imul(frame, 0x9e3779b1));
  const image = (kind: ImageKind): Image => ({
    kind,
    frame,
    tornAt: 1 + random(frameBytes - 1),
    behind: random(2) === 0 ? 'nothing' : 'stale',
    seed: random(0x7fffffff),
  });
  if (frame > frames) return [image('boundary')];
  const kinds: ImageKind[] = ['boundary', 'torn', 'garbled'];
  // Of the last frame nothing later could be there.
  return (frame < frames ? [...kinds, 'reordered' as const] : kinds).map(image);
}

/** The first frame that does not count in what the image leaves: under a cut the generation before may end in the same bytes. */
export function firstLost({ kind, frame }: Image, wal: FrameBytes, left: Uint8Array): number {
  if (kind !== 'torn') return frame;
  const from = placeOf(frame, wal);
  const until = from + wal.frameBytes;
  const whole = Buffer.compare(left.subarray(from, until), wal.bytes.subarray(from, until)) === 0;
  return whole ? frame + 1 : frame;
}

/** The -wal that the image leaves; with a scratch it holds until the next one is made. */
export function damaged(image: Image, wal: FrameBytes, stale: Uint8Array | null): Uint8Array {
  const from = placeOf(image.frame, wal);
  if (image.kind === 'boundary' || image.kind === 'torn') {
    const end = image.kind === 'torn' ? from + image.tornAt : from;
    return image.behind === 'stale' ? withStale(wal, end, stale) : wal.bytes.subarray(0, end);
  }
  const bytes = wal.scratch ?? new Uint8Array(wal.bytes.length);
  bytes.set(wal.bytes);
  const lose = (start: number, end: number) => {
    // Zeros where the file was not that long: a filesystem shows a hole as zeros.
    bytes.fill(0, start, end);
    if (stale !== null) bytes.set(stale.subarray(start + skipped(wal), end + skipped(wal)), start);
  };
  // Without its header a frame never counts, whatever lies in its page: zeros over zeros would change nothing. The whole header,
  // since a sector may end in it, and what lies before the salts may be the same in the generation before.
  const headerLost = nextSector(from + FRAME_HEADER_BYTES);
  lose(from, Math.min(from + wal.frameBytes, headerLost));
  if (image.kind === 'reordered') {
    lose(from, from + wal.frameBytes);
    return bytes;
  }
  const random = intsFrom(image.seed);
  for (let at = headerLost; at < bytes.length; at = nextSector(at + 1))
    if (random(2) === 0) lose(at, Math.min(bytes.length, nextSector(at + 1)));
  return bytes;
}

export function placeOf(frame: number, { firstFrame, frameBytes }: FrameBytes): number {
  return WAL_HEADER_BYTES + (frame - firstFrame) * frameBytes;
}

/** The place itself when a sector begins there. */
function nextSector(at: number): number {
  return Math.ceil(at / SECTOR_BYTES) * SECTOR_BYTES;
}

function withStale(wal: FrameBytes, end: number, stale: Uint8Array | null): Uint8Array {
  if (stale === null) return wal.bytes.subarray(0, end);
  const from = end + skipped(wal);
  const until = Math.min(stale.length, from + wal.bytes.length - end);
  if (until <= from) return wal.bytes.subarray(0, end);
  const bytes = wal.scratch?.subarray(0, end + until - from) ?? new Uint8Array(end + until - from);
  bytes.set(wal.bytes.subarray(0, end));
  bytes.set(stale.subarray(from, until), end);
  return bytes;
}

/** Bytes of the copied -wal before the first frame. */
function skipped({ firstFrame, frameBytes }: FrameBytes): number {
  return (firstFrame - 1) * frameBytes;
}

/** Whole numbers from 0 to `below` - 1; equal for equal seeds. */
export function intsFrom(seed: number): (below: number) => number {
  const generator = xoroshiro128plus(seed | 0);
  return (below) => unsafeUniformIntDistribution(0, below - 1, generator);
}
