/**
 * A -wal as it would be had a checkpoint reached an earlier commit: only the frames after it, with their checksums run on from
 * the header. Recovery reads every frame again, so an image near the end of a long -wal would cost as much as all before it.
 */
import { WAL_HEADER_BYTES } from '../wal-format.ts';
import { frameOffset, RunningChecksum, type WalFrames } from '../wal-frames.ts';
import type { FrameBytes } from './images.ts';

const CHECKSUM_OFFSET = 16;

/** Frames after one and up to another, behind the header of the copied -wal. */
export function rebased(wal: Uint8Array, frames: WalFrames, after: number, upTo: number): FrameBytes {
  const { frameBytes, pageSize, header } = frames;
  const bytes = new Uint8Array(WAL_HEADER_BYTES + (upTo - after) * frameBytes);
  bytes.set(wal.subarray(0, WAL_HEADER_BYTES));
  bytes.set(wal.subarray(frameOffset(after + 1, frames), frameOffset(upTo + 1, frames)), WAL_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  const sums = new RunningChecksum(bytes, header);
  for (let at = WAL_HEADER_BYTES; at < bytes.length; at += frameBytes) {
    sums.add(at, pageSize);
    view.setUint32(at + CHECKSUM_OFFSET, sums.first);
    view.setUint32(at + CHECKSUM_OFFSET + 4, sums.second);
  }
  return { bytes, frameBytes, firstFrame: after + 1, frames: upTo - after };
}
