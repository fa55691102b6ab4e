/**
 * Reads the frames of a -wal (https://sqlite.org/fileformat2.html#the_write_ahead_log) as recovery does. A frame counts when
 * its page number is not 0, its salts are those of the header, and its checksum, which runs on from the frame before, holds;
 * the first that does not is the end, whatever lies behind it. Pure: bytes in, facts out.
 */
import { endianness } from 'node:os';
import type { WalHeader } from '../model/observation.ts';
import { parseWalHeader, WAL_HEADER_BYTES } from './wal-format.ts';

export const FRAME_HEADER_BYTES = 24;
const MAGIC_LITTLE_ENDIAN = 0x377f0682;
const MAGIC_BIG_ENDIAN = 0x377f0683;
const FORMAT_VERSION = 3_007_000;
/** Of a frame's header, the page number and the size after the commit are covered; the salts are not. */
const COVERED_BYTES = 8;

/** Why the frames end: `end` of the file; `torn`, less than a whole frame is left; `salts` of another generation; else the first test that failed. */
export type FramesEnd = 'end' | 'torn' | 'salts' | 'checksum' | 'page-zero';

export interface WalFrames {
  header: WalHeader;
  pageSize: number;
  frameBytes: number;
  /** Frames that count. Frame numbers begin at 1, as SQLite has them; frame n is at index n − 1 of the arrays. */
  frames: number;
  pages: Uint32Array;
  /** Size of the database in pages for the last frame of a commit, 0 for all others. */
  sizesAfterCommit: Uint32Array;
  /** Two words a frame: what the checksum of the next one runs on from. */
  checksums: Uint32Array;
  /** Frame numbers of the commits, in their order. */
  commits: Uint32Array;
  /** Frames up to and with the newest commit; what follows is not in the database. 0 without a commit. */
  committed: number;
  /** Whole frames that the file has room for, counting or not. */
  slots: number;
  end: FramesEnd;
}

/** Null when there is no whole header, or one that SQLite does not accept: the file then counts as empty. */
export function parseWalFrames(wal: Uint8Array): WalFrames | null {
  const header = parseWalHeader(wal);
  if (header === null || !isUsable(header)) return null;
  const { pageSize } = header;
  const frameBytes = FRAME_HEADER_BYTES + pageSize;
  const slots = Math.floor((wal.length - WAL_HEADER_BYTES) / frameBytes);
  const pages = new Uint32Array(slots);
  const sizesAfterCommit = new Uint32Array(slots);
  const checksums = new Uint32Array(2 * slots);
  const commits: number[] = [];
  const view = new DataView(wal.buffer, wal.byteOffset, wal.length);
  const sums = new RunningChecksum(wal, header);
  const whole = WAL_HEADER_BYTES + slots * frameBytes === wal.length;
  let end: FramesEnd = whole ? 'end' : 'torn';
  let frames = 0;
  for (; frames < slots; frames++) {
    const at = WAL_HEADER_BYTES + frames * frameBytes;
    const page = view.getUint32(at);
    if (view.getUint32(at + 8) !== view.getUint32(16) || view.getUint32(at + 12) !== view.getUint32(20)) end = 'salts';
    else if (page === 0) end = 'page-zero';
    else if (!sums.holdsFor(view, at, pageSize)) end = 'checksum';
    else {
      pages[frames] = page;
      checksums[2 * frames] = sums.first;
      checksums[2 * frames + 1] = sums.second;
      sizesAfterCommit[frames] = view.getUint32(at + 4);
      if (sizesAfterCommit[frames] !== 0) commits.push(frames + 1);
      continue;
    }
    break;
  }
  return {
    header,
    pageSize,
    frameBytes,
    frames,
    pages: pages.subarray(0, frames),
    sizesAfterCommit: sizesAfterCommit.subarray(0, frames),
    checksums: checksums.subarray(0, 2 * frames),
    commits: Uint32Array.from(commits),
    committed: commits.at(-1) ?? 0,
    slots,
    end,
  };
}

/** Where frame n begins in the file, n from 1. Frame n's page is `FRAME_HEADER_BYTES` further on. */
export function frameOffset(n: number, { frameBytes }: Pick<WalFrames, 'frameBytes'>): number {
  return WAL_HEADER_BYTES + (n - 1) * frameBytes;
}

function isUsable({ magic, formatVersion, pageSize, checksumHolds }: WalHeader): boolean {
  const isPowerOfTwo = (pageSize & (pageSize - 1)) === 0;
  const isKnown = magic === MAGIC_LITTLE_ENDIAN || magic === MAGIC_BIG_ENDIAN;
  return isKnown && formatVersion === FORMAT_VERSION && checksumHolds && isPowerOfTwo && isPageSize(pageSize);
}

const isPageSize = (bytes: number) => bytes >= 512 && bytes <= 65_536;

/** The checksum from the header on, frame by frame (https://sqlite.org/fileformat2.html#checksum_algorithm). */
export class RunningChecksum {
  first: number;
  second: number;
  readonly #order: 'LE' | 'BE';
  #words: Uint32Array;

  constructor(wal: Uint8Array, { magic }: Pick<WalHeader, 'magic'>) {
    const view = new DataView(wal.buffer, wal.byteOffset, WAL_HEADER_BYTES);
    this.first = view.getUint32(24);
    this.second = view.getUint32(28);
    this.#order = magic === MAGIC_LITTLE_ENDIAN ? 'LE' : 'BE';
    this.#words = wordsOf(wal, this.#order);
  }

  /** Runs on over other bytes: the next piece of a file that is not read at once. */
  continueIn(piece: Uint8Array): void {
    this.#words = wordsOf(piece, this.#order);
  }

  /** Runs on over the frame at a place, and says whether that is what the frame itself has. */
  holdsFor(view: DataView, at: number, pageSize: number): boolean {
    this.add(at, pageSize);
    return view.getUint32(at + 16) === this.first && view.getUint32(at + 20) === this.second;
  }

  /** Runs on over the frame at a place. */
  add(at: number, pageSize: number): void {
    this.#over(at, at + COVERED_BYTES);
    this.#over(at + FRAME_HEADER_BYTES, at + FRAME_HEADER_BYTES + pageSize);
  }

  #over(from: number, to: number): void {
    const words = this.#words;
    // As signed words: V8 keeps them in registers, and the sum modulo 2³² is the same.
    let first = this.first | 0;
    let second = this.second | 0;
    for (let n = from >>> 2; n < to >>> 2; n += 2) {
      first = (first + (words[n] as number) + second) | 0;
      second = (second + (words[n + 1] as number) + first) | 0;
    }
    this.first = first >>> 0;
    this.second = second >>> 0;
  }
}

/** The bytes as words of an order; a view where the machine has that order and they are aligned, else a copy. */
function wordsOf(bytes: Uint8Array, order: 'LE' | 'BE'): Uint32Array {
  const length = bytes.length >>> 2;
  if (order === endianness() && bytes.byteOffset % 4 === 0)
    return new Uint32Array(bytes.buffer, bytes.byteOffset, length);
  const copy = new Uint8Array(4 * length);
  copy.set(bytes.subarray(0, 4 * length));
  if (order !== endianness()) Buffer.from(copy.buffer).swap32();
  return new Uint32Array(copy.buffer);
}
