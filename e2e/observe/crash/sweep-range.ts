/** All images that damage one of a range of frames first, each recovered by SQLite and compared with the commits. */
import { join } from 'node:path';
import type { CrashLooks, FailedImage, ImageCode, ImageKind } from '../../model/crash.ts';
import { messageOf } from '../../model/errors.ts';
import { parseWalFrames, type WalFrames } from '../wal-frames.ts';
import { Ground } from './ground.ts';
import { damaged, type FrameBytes, firstLost, type Image, imagesAt } from './images.ts';
import { lookAt, type StateSeen } from './looks.ts';
import { PageStates } from './page-states.ts';
import { rebased } from './rebase.ts';
import { commitBefore, type Snapshot, syncedBefore } from './snapshot.ts';

/** Frames before an image that recovery reads again: few, since each costs a checksum; many, since each step costs a base. */
const WINDOW_FRAMES = 24;
/** Frames behind the damage that are left lying there. */
const TAIL_FRAMES = 8;
/** Recovery of the copy's own bytes reads the whole -wal, so of a longer one fewer images are made that way. */
const LONG_FRAMES = 1_280;

export interface Range {
  /** A commit, or 0: the images damage the frames after it. */
  after: number;
  upTo: number;
}

export interface SweepOptions {
  looks: CrashLooks;
  seed: number;
  /** One image in so many is made from the very bytes of the copy, of a long -wal one in more. */
  asCopiedEvery: number;
  /** Where the files are made, best in memory. */
  folder: string;
}

export interface RangeResult {
  images: Record<ImageKind, number>;
  asCopied: number;
  /** The first image of each code, and how many there are. */
  failed: (FailedImage & { images: number })[];
  /** The states that were looked at, in the order of the commits; all keys of the first one, then those that are new. */
  states: { commit: number; keys: string[][]; vanished: string[][] }[];
}

export function sweepRange(snapshot: Snapshot, range: Range, options: SweepOptions): RangeResult {
  const frames = parseWalFrames(snapshot.wal);
  if (frames === null) throw new RangeError('expected a -wal with a usable header');
  const sweep = new RangeSweep(snapshot, frames, options);
  try {
    sweep.run(range);
    return sweep.result;
  } finally {
    sweep.close();
  }
}

/** One way to make images: the base that the database file holds, and the frames behind it. */
interface Footing {
  ground: Ground;
  wal: FrameBytes;
  /** The commit that the file is at; 0 is the copied file as it is. */
  base: number;
  touched: Iterable<number>;
}

class RangeSweep {
  readonly result: RangeResult = {
    images: { boundary: 0, torn: 0, garbled: 0, reordered: 0 },
    asCopied: 0,
    failed: [],
    states: [],
  };
  readonly #snapshot: Snapshot;
  readonly #frames: WalFrames;
  readonly #states: PageStates;
  readonly #options: SweepOptions;
  readonly #moving: Ground;
  readonly #still: Ground;
  readonly #looked = new Set<number>();
  readonly #keys: Set<string>[];
  readonly #asCopiedEvery: number;
  #count = 0;

  constructor(snapshot: Snapshot, frames: WalFrames, options: SweepOptions) {
    this.#snapshot = snapshot;
    this.#frames = frames;
    this.#options = options;
    this.#asCopiedEvery = Math.round(options.asCopiedEvery * Math.max(1, frames.frames / LONG_FRAMES));
    this.#states = new PageStates(snapshot, frames);
    this.#keys = options.looks.keys.map(() => new Set());
    this.#moving = new Ground(join(options.folder, 'moving.db'), snapshot.database, frames.pageSize);
    this.#still = new Ground(join(options.folder, 'still.db'), snapshot.database, frames.pageSize);
  }

  run({ after, upTo }: Range): void {
    const { commits, frames, frameBytes } = this.#frames;
    const { wal: bytes } = this.#snapshot;
    const copied: FrameBytes = { bytes, frameBytes, firstFrame: 1, frames, scratch: new Uint8Array(bytes.length) };
    const all = new Set(this.#frames.pages);
    let base = 0;
    this.#advance(base, after);
    base = after;
    while (base < upTo || (base === upTo && upTo === frames)) {
      const end = commits.find((commit) => commit >= base + WINDOW_FRAMES && commit <= upTo) ?? upTo;
      const tail = Math.min(frames, end + TAIL_FRAMES);
      const wal = rebased(this.#snapshot.wal, this.#frames, base, tail);
      const moving = { ground: this.#moving, wal, base, touched: this.#states.pagesBetween(base, tail) };
      const still = { ground: this.#still, wal: copied, base: 0, touched: all };
      const last = end === frames ? frames + 1 : end;
      for (let frame = base + 1; frame <= last; frame++) this.#imagesAt(frame, moving, still);
      if (end === frames) break;
      this.#advance(base, end);
      base = end;
    }
  }

  close(): void {
    this.#moving.close();
    this.#still.close();
  }

  #imagesAt(frame: number, moving: Footing, still: Footing): void {
    const { frames, frameBytes } = this.#frames;
    // A sector that was synced with an earlier frame is not written again by what follows it (powersafe overwrite).
    if (frame <= syncedBefore(frame, this.#frames, this.#snapshot)) return;
    for (const image of imagesAt(frame, frames, frameBytes, this.#options.seed)) {
      const asCopied = this.#count++ % this.#asCopiedEvery === 0;
      this.result.images[image.kind]++;
      if (asCopied) this.result.asCopied++;
      this.#judge(image, asCopied ? still : moving);
    }
  }

  #judge(image: Image, footing: Footing): void {
    const left = damaged(image, footing.wal, this.#snapshot.stale);
    const commit = commitBefore(firstLost(image, footing.wal, left), this.#frames);
    const isNew = !this.#looked.has(commit) && this.#states.isWhole(commit);
    let seen: StateSeen | null = null;
    const fail = (code: ImageCode, said: string) => this.#fail(image, commit, code, said);
    try {
      footing.ground.recover(
        left,
        isNew
          ? (database) => {
              seen = lookAt(database, this.#options.looks);
            }
          : null,
      );
      if (seen !== null) this.#take(commit, seen, fail);
      if (!this.#isAt(commit, footing)) this.#explain(image, commit, footing, left, fail);
    } catch (error) {
      fail('corrupt', `expected it to open, seen ${messageOf(error)}`);
    }
    this.#restore(footing);
  }

  /** What the state after a commit shows, once for all images that recover to it. */
  #take(commit: number, seen: StateSeen, fail: (code: ImageCode, said: string) => void): void {
    this.#looked.add(commit);
    for (const { code, said } of seen.complaints) fail(code, `expected no complaint, seen ${said}`);
    const vanished = seen.keys.map((keys, n) => {
      const now = new Set(keys);
      return [...(this.#keys[n] ?? [])].filter((key) => !now.has(key));
    });
    const keys = seen.keys.map((own, n) => own.filter((key) => !this.#keys[n]?.has(key)));
    for (const [n, own] of seen.keys.entries()) this.#keys[n] = new Set(own);
    this.result.states.push({ commit, keys, vanished });
  }

  #isAt(commit: number, { ground, touched }: Footing): boolean {
    if (!this.#states.isWhole(commit) || ground.pages !== this.#states.pageCount(commit)) return false;
    for (const page of touched) if (!ground.holds(page, this.#states.page(page, commit))) return false;
    return true;
  }

  /** It is not what was expected: another commit that keeps all that was synced, or none at all. */
  #explain(
    image: Image,
    commit: number,
    footing: Footing,
    left: Uint8Array,
    fail: (code: ImageCode, said: string) => void,
  ): void {
    const synced = syncedBefore(image.frame, this.#frames, this.#snapshot);
    const other = [...this.#frames.commits].find((each) => each >= synced && this.#isAt(each, footing));
    if (other !== undefined) return;
    let seen: StateSeen | null = null;
    this.#restore(footing);
    footing.ground.recover(left, (database) => {
      seen = lookAt(database, { ...this.#options.looks, keys: [] });
    });
    const complaints = (seen as StateSeen | null)?.complaints ?? [];
    const said = complaints.map((each) => each.said).join('; ');
    if (complaints.some(({ code }) => code === 'corrupt'))
      fail('corrupt', `expected the state after commit ${commit}, seen ${said}`);
    else fail('not-a-prefix', `expected the pages of the state after commit ${commit}, seen those of no commit`);
  }

  #fail(image: Image, commit: number, code: ImageCode, said: string): void {
    const known = this.result.failed.find((each) => each.code === code);
    if (known !== undefined) known.images++;
    else this.result.failed.push({ code, kind: image.kind, frame: image.frame, commit, said, images: 1 });
  }

  #restore({ ground, base, touched }: Footing): void {
    ground.resize(this.#states.pageCount(base));
    for (const page of touched) ground.put(page, this.#states.page(page, base));
  }

  #advance(from: number, to: number): void {
    if (from === to) return;
    for (const page of this.#states.pagesBetween(from, to)) this.#moving.put(page, this.#states.page(page, to));
    this.#moving.resize(this.#states.pageCount(to));
  }
}
