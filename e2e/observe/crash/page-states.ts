/** What each page holds after each commit, by the frames alone: where a recovered database is compared with. */
import { FRAME_HEADER_BYTES, frameOffset, type WalFrames } from '../wal-frames.ts';
import type { Snapshot } from './snapshot.ts';

export class PageStates {
  readonly frames: WalFrames;
  readonly #snapshot: Snapshot;
  /** By page number: its frames in ascending order. */
  readonly #framesOf = new Map<number, number[]>();
  /** Up to this frame some page of the database file is from a later one already, so the two are no state of any commit. */
  readonly #mixedUntil: number;

  constructor(snapshot: Snapshot, frames: WalFrames) {
    this.frames = frames;
    this.#snapshot = snapshot;
    for (let frame = 1; frame <= frames.frames; frame++) {
      const page = frames.pages[frame - 1] as number;
      const own = this.#framesOf.get(page);
      if (own === undefined) this.#framesOf.set(page, [frame]);
      else own.push(frame);
    }
    this.#mixedUntil = this.#firstWholeState();
  }

  /** Pages of the frames after one and up to another, each once. */
  pagesBetween(after: number, upTo: number): Set<number> {
    return new Set(this.frames.pages.subarray(after, upTo));
  }

  /** The page after a commit; null where the database ends before it. */
  page(page: number, commit: number): Uint8Array | null {
    if (page > this.pageCount(commit)) return null;
    const { pageSize } = this.frames;
    const frame = this.#newest(page, commit);
    if (frame !== null) {
      const at = frameOffset(frame, this.frames) + FRAME_HEADER_BYTES;
      return this.#snapshot.wal.subarray(at, at + pageSize);
    }
    const { database } = this.#snapshot;
    return page * pageSize <= database.length ? database.subarray((page - 1) * pageSize, page * pageSize) : null;
  }

  /** How many pages the database has after a commit; 0 is the database file as it was copied. */
  pageCount(commit: number): number {
    return commit === 0
      ? Math.floor(this.#snapshot.database.length / this.frames.pageSize)
      : (this.frames.sizesAfterCommit[commit - 1] as number);
  }

  /** False where the database file holds pages of a later commit that the frames up to this one do not cover. */
  isWhole(commit: number): boolean {
    return commit >= this.#mixedUntil;
  }

  #newest(page: number, upTo: number): number | null {
    const own = this.#framesOf.get(page) ?? [];
    for (let n = own.length - 1; n >= 0; n--) if ((own[n] as number) <= upTo) return own[n] as number;
    return null;
  }

  /** A page that a checkpoint has copied holds what its newest frame below the attempt holds. */
  #firstWholeState(): number {
    const { attempted, database } = this.#snapshot;
    const { pageSize } = this.frames;
    let until = 0;
    for (const [page, [first = 0]] of this.#framesOf) {
      const copied = this.#newest(page, attempted);
      if (copied === null || first <= until || page * pageSize > database.length) continue;
      const at = frameOffset(copied, this.frames) + FRAME_HEADER_BYTES;
      const own = database.subarray((page - 1) * pageSize, page * pageSize);
      if (Buffer.compare(own, this.#snapshot.wal.subarray(at, at + pageSize)) === 0) until = first;
    }
    return until;
  }
}
