/** Copies of the database taken while traffic runs, and after it everything that a power cut could have left of each. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { CrashImagesSeen, CrashLooks, FailedImage } from '../../model/crash.ts';
import type { ObservationInput } from '../../model/observation.ts';
import type { ServiceDefinition } from '../../model/service.ts';
import type { Stack } from '../../model/stack.ts';
import type { ArmRecorder } from '../recorder.ts';
import { everyMs, type Repeated } from '../repeated.ts';
import { parseWalFrames, type WalFrames } from '../wal-frames.ts';
import { damaged, imagesAt } from './images.ts';
import { readSnapshot, type Snapshot } from './snapshot.ts';
import { SweepPool, type Swept } from './sweep-pool.ts';

/** How many at most; each has some hundred frames that no checkpoint reached. */
const MOST_COPIES = 5;

interface Copy {
  copiedAtMs: number;
  snapshot: Snapshot;
}

/** Copies that wait in memory for the end of the arm. */
export class CrashCopies {
  readonly #stack: Stack;
  readonly #recorder: ArmRecorder;
  readonly #copies: Copy[] = [];

  constructor(stack: Stack, recorder: ArmRecorder) {
    this.#stack = stack;
    this.#recorder = recorder;
  }

  /** Copies at regular times until it is stopped; the first one half a period on, when there is something to copy. */
  start(durationMs: number, onProblem: (error: unknown) => void): Repeated {
    let isFirst = true;
    const round = async () => {
      if (!isFirst && this.#copies.length < MOST_COPIES) await this.#copy();
      isFirst = false;
    };
    return everyMs(durationMs / (MOST_COPIES + 1), round, onProblem);
  }

  async #copy(): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'walproof-copy-'));
    try {
      const atMs = this.#recorder.nowMs();
      await this.#stack.copyDatabase(folder);
      this.#recorder.observe({ kind: 'crash-copy', atMs, endedAtMs: this.#recorder.nowMs() });
      const file = join(folder, basename(this.#stack.service.database));
      const snapshot = await readSnapshot(file, weakestSynchronous(this.#recorder));
      if (typeof snapshot !== 'string') this.#copies.push({ copiedAtMs: atMs, snapshot: this.#withStale(snapshot) });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** The newest copy of another generation is what lay on the disk before this one was written over it. */
  #withStale(snapshot: Snapshot): Snapshot {
    const salts = ({ wal }: Snapshot) => Buffer.from(wal.subarray(16, 24)).toString('hex');
    const older = this.#copies.findLast((copy) => salts(copy.snapshot) !== salts(snapshot));
    return { ...snapshot, stale: older?.snapshot.wal ?? null };
  }

  /** Sweeps every copy. `keepIn` gets the smallest failing image of each kind. */
  async sweep(seed: number, keepIn: string, signal: AbortSignal): Promise<void> {
    const looks = looksOf(this.#stack.service);
    await using pool = new SweepPool(looks, seed);
    const stop = () => void pool[Symbol.asyncDispose]();
    signal.addEventListener('abort', stop, { once: true });
    for (const { copiedAtMs, snapshot } of this.#copies) {
      signal.throwIfAborted();
      const frames = parseWalFrames(snapshot.wal) as WalFrames;
      const startedAt = performance.now();
      const swept = await pool.sweep(snapshot);
      const elapsedMs = Math.round(performance.now() - startedAt);
      const failed: CrashImagesSeen['failed'] = [];
      for (const image of swept.failed)
        failed.push({ ...image, keptIn: await this.#keep(image, snapshot, frames, seed, keepIn) });
      this.#recorder.observe({ ...seenOf({ copiedAtMs, snapshot }, frames, swept, looks), failed, elapsedMs });
    }
  }

  /** The image as files that SQLite opens; where one of its code is kept already, null. */
  async #keep(
    image: FailedImage,
    snapshot: Snapshot,
    frames: WalFrames,
    seed: number,
    keepIn: string,
  ): Promise<string | null> {
    const folder = join(keepIn, `crash-${image.code}`);
    const made = await mkdir(folder, { recursive: true });
    if (made === undefined) return null;
    const { frameBytes, frames: count } = frames;
    const own = imagesAt(image.frame, count, frameBytes, seed).find(({ kind }) => kind === image.kind);
    if (own === undefined) return null;
    const file = join(folder, basename(this.#stack.service.database));
    await writeFile(file, snapshot.database);
    const wal = { bytes: snapshot.wal, frameBytes, firstFrame: 1, frames: count };
    await writeFile(`${file}-wal`, damaged(own, wal, snapshot.stale));
    return basename(folder);
  }
}

function seenOf(
  { copiedAtMs, snapshot }: Copy,
  frames: WalFrames,
  { images, asCopied, states, failed, keys }: Swept,
  looks: CrashLooks,
): Omit<Extract<ObservationInput, { kind: 'crash-images' }>, 'failed' | 'elapsedMs'> {
  const { synchronous, attempted } = snapshot;
  return {
    kind: 'crash-images',
    copiedAtMs,
    synchronous,
    frames: frames.frames,
    synced: synchronous === 0 ? 0 : attempted,
    commits: frames.commits.length,
    images,
    asCopied,
    states,
    failures: failed.reduce((sum, each) => sum + each.images, 0),
    keys: keys.map((own, n) => ({ of: looks.keys[n]?.of ?? '', ...own })),
  };
}

function looksOf({ promises, keys }: ServiceDefinition): CrashLooks {
  const searchable = promises?.searchable;
  return { tables: searchable?.tables ?? [], halves: searchable?.halves ?? null, keys: keys ?? [] };
}

/** Of the connections that attested themselves so far; SQLite syncs as the one that commits or checkpoints was told. */
function weakestSynchronous({ observations }: ArmRecorder): number {
  const levels = observations.flatMap((seen) => (seen.kind === 'attestation' ? [seen.attestation.synchronous] : []));
  return levels.length === 0 ? 0 : Math.min(...levels);
}
