/**
 * What a -wal of any size holds: which frames count, which commits they make, and what lies behind them. The file is read
 * piece by piece and never kept, since in production one can have gigabytes.
 */
import type { WalHeader } from '../model/observation.ts';
import { parseWalHeader, WAL_HEADER_BYTES } from './wal-format.ts';
import { FRAME_HEADER_BYTES, RunningChecksum } from './wal-frames.ts';

/** Both magic numbers but for bit 0, which tells the order of the checksums' words. */
const MAGIC = 0x377f0682;
const FORMAT_VERSION = 3_007_000;
/** Whole frames are read in pieces of about this size, which stay in the processor's cache. */
const PIECE_BYTES = 2 ** 20;
/** What lies behind the last frame that counts is looked at frame by frame, up to this many. */
const MOST_LEFTOVERS = 200_000;
/** A generation begins with the first salt one higher; a file has seldom seen more of them than this since. */
const MOST_GENERATIONS = 2 ** 20;

/** Fills `bytes` from `at` on; returns how many it could. */
export type ReadAt = (bytes: Uint8Array, at: number) => number;

export interface WalSurvey {
  /** Null when the file is shorter than a header. */
  header: WalHeader | null;
  /** Why no frame of it can count; null when they can. */
  headerProblem: 'too short' | 'not a -wal' | 'another format version' | 'checksum' | 'page size' | null;
  /** Whole frames that the file has room for. */
  frames: number;
  /** Of these, from the first on, those with the salts of the header and a checksum that holds. */
  valid: number;
  /** Frames up to the last commit: what a recovery keeps. */
  committed: number;
  commits: number;
  /** Pages of the database as of the last commit; null without one. */
  databasePages: number | null;
  /** Where page 1 of the last commit lies in the file; null when no commit wrote it. */
  firstPageAt: number | null;
  /** Frames behind the valid ones. */
  leftovers: {
    /** With the salts of the header, but a checksum that does not hold. */
    torn: number;
    /** Of a generation before this one. */
    older: number;
    /** Neither. */
    other: number;
    /** Not looked at: there were too many. */
    unseen: number;
  };
  /** Bytes behind the last whole frame. */
  partialBytes: number;
}

const NONE = { torn: 0, older: 0, other: 0, unseen: 0 };

/** What a -wal of `bytes` bytes holds. */
export function surveyWal(read: ReadAt, bytes: number): WalSurvey {
  const head = new Uint8Array(WAL_HEADER_BYTES);
  const header = parseWalHeader(head.subarray(0, read(head, 0)));
  const headerProblem = problemOf(header);
  const empty = { valid: 0, committed: 0, commits: 0, databasePages: null, firstPageAt: null, leftovers: NONE };
  if (header === null || !isPageSize(header.pageSize)) {
    return { ...empty, header, headerProblem, frames: 0, partialBytes: Math.max(0, bytes - WAL_HEADER_BYTES) };
  }
  const frameBytes = FRAME_HEADER_BYTES + header.pageSize;
  const frames = Math.floor((bytes - WAL_HEADER_BYTES) / frameBytes);
  const partialBytes = bytes - WAL_HEADER_BYTES - frames * frameBytes;
  if (headerProblem !== null) return { ...empty, header, headerProblem, frames, partialBytes };
  const walk = new Walk(head, header);
  walkFrames(read, walk, frames);
  const leftovers = leftoversOf(read, header, walk.valid, frames);
  const { valid, committed, commits, databasePages, firstPageAt } = walk;
  return {
    header,
    headerProblem,
    frames,
    valid,
    committed,
    commits,
    databasePages,
    firstPageAt,
    leftovers,
    partialBytes,
  };
}

function problemOf(header: WalHeader | null): WalSurvey['headerProblem'] {
  if (header === null) return 'too short';
  if ((header.magic & ~1) >>> 0 !== MAGIC) return 'not a -wal';
  if (header.formatVersion !== FORMAT_VERSION) return 'another format version';
  if (!header.checksumHolds) return 'checksum';
  return isPageSize(header.pageSize) ? null : 'page size';
}

function isPageSize(size: number): boolean {
  return size >= 512 && size <= 65_536 && (size & (size - 1)) === 0;
}

/** The state of a walk: the running checksum, and what was counted so far. */
class Walk {
  readonly frameBytes: number;
  valid = 0;
  committed = 0;
  commits = 0;
  databasePages: number | null = null;
  firstPageAt: number | null = null;
  readonly sums: RunningChecksum;
  readonly #pageSize: number;
  readonly #salts: [number, number];
  #pendingFirstPageAt: number | null = null;

  constructor(head: Uint8Array, header: WalHeader) {
    this.#pageSize = header.pageSize;
    this.frameBytes = FRAME_HEADER_BYTES + header.pageSize;
    const view = new DataView(head.buffer, head.byteOffset, WAL_HEADER_BYTES);
    this.#salts = [view.getUint32(16), view.getUint32(20)];
    this.sums = new RunningChecksum(head, header);
  }

  /** Takes the frame that begins at byte `at` of the piece; false when it does not count, which ends the walk. */
  take(view: DataView, at: number): boolean {
    const page = view.getUint32(at);
    if (page === 0 || view.getUint32(at + 8) !== this.#salts[0] || view.getUint32(at + 12) !== this.#salts[1])
      return false;
    if (!this.sums.holdsFor(view, at, this.#pageSize)) return false;
    if (page === 1) this.#pendingFirstPageAt = WAL_HEADER_BYTES + this.valid * this.frameBytes + FRAME_HEADER_BYTES;
    this.valid++;
    const pages = view.getUint32(at + 4);
    if (pages === 0) return true;
    this.commits++;
    this.committed = this.valid;
    this.databasePages = pages;
    this.firstPageAt = this.#pendingFirstPageAt;
    return true;
  }
}

function walkFrames(read: ReadAt, walk: Walk, frames: number): void {
  const { frameBytes } = walk;
  const perPiece = Math.max(1, Math.floor(PIECE_BYTES / frameBytes));
  const piece = new ArrayBuffer(perPiece * frameBytes);
  const [bytes, view] = [new Uint8Array(piece), new DataView(piece)];
  for (let done = 0; done < frames; done += perPiece) {
    const got = Math.floor(read(bytes, WAL_HEADER_BYTES + done * frameBytes) / frameBytes);
    const wanted = Math.min(got, frames - done);
    walk.sums.continueIn(bytes);
    for (let n = 0; n < wanted; n++) if (!walk.take(view, n * frameBytes)) return;
    // The file became shorter while it was read.
    if (wanted < Math.min(perPiece, frames - done)) return;
  }
}

function leftoversOf(read: ReadAt, header: WalHeader, valid: number, frames: number): WalSurvey['leftovers'] {
  const found = { ...NONE, unseen: Math.max(0, frames - valid - MOST_LEFTOVERS) };
  const head = new Uint8Array(FRAME_HEADER_BYTES);
  const view = new DataView(head.buffer);
  const [salt1 = 0, salt2 = 0] = header.salts.map((salt) => Number.parseInt(salt, 16));
  for (let n = valid; n < frames - found.unseen; n++) {
    read(head, WAL_HEADER_BYTES + n * (FRAME_HEADER_BYTES + header.pageSize));
    const generationsAgo = (salt1 - view.getUint32(8)) >>> 0;
    if (generationsAgo === 0 && view.getUint32(12) === salt2) found.torn++;
    else if (generationsAgo > 0 && generationsAgo <= MOST_GENERATIONS) found.older++;
    else found.other++;
  }
  return found;
}
