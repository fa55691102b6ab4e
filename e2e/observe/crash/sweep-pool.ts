/** Sweeps copies on two threads, in a folder in memory that goes with it. */
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CrashLooks, FailedImage, ImageKind } from '../../model/crash.ts';
import { WalproofError } from '../../model/errors.ts';
import { parseWalFrames, type WalFrames } from '../wal-frames.ts';
import type { Snapshot } from './snapshot.ts';
import type { Range, RangeResult, SweepOptions } from './sweep-range.ts';
import type { RangeAnswer, RangeOrder } from './sweep-thread.ts';

/** The services are at rest by then, and two cores are what a small machine has. */
const THREADS = 2;
/** Frames a thread takes at once: enough that its base costs little, few enough that both end together. */
const RANGE_FRAMES = 160;
const AS_COPIED_EVERY = 32;
const IN_MEMORY = '/dev/shm';
const PREFIX = 'walproof-crash-';

export interface Swept {
  images: Record<ImageKind, number>;
  asCopied: number;
  failed: (FailedImage & { images: number })[];
  states: number;
  /** By the order of the queries. */
  keys: { before: string[]; later: { commit: number; keys: string[] }[]; vanished: string[] }[];
}

export class SweepPool implements AsyncDisposable {
  readonly #folder = makeFolder();
  readonly #workers: Worker[];
  readonly #queries: number;

  constructor(looks: CrashLooks, seed: number, asCopiedEvery = AS_COPIED_EVERY) {
    this.#queries = looks.keys.length;
    this.#workers = Array.from({ length: THREADS }, (_, n) => {
      const folder = join(this.#folder, String(n));
      mkdirSync(folder);
      const workerData: SweepOptions = { looks, seed, asCopiedEvery, folder };
      return new Worker(new URL('./sweep-thread.ts', import.meta.url), { workerData });
    });
  }

  async sweep(snapshot: Snapshot): Promise<Swept> {
    const frames = parseWalFrames(snapshot.wal);
    if (frames === null) throw new RangeError('expected a -wal with a usable header');
    const ranges = rangesOf(frames, snapshot);
    const results: RangeResult[] = [];
    let next = 0;
    const work = async (worker: Worker) => {
      while (next < ranges.length) {
        const mine = next++;
        const order: RangeOrder = { snapshot, range: ranges[mine] as Range };
        results[mine] = await answerOf(worker, order);
      }
    };
    await Promise.all(this.#workers.map(work));
    return merged(results, this.#queries);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Ranges between commits, from the first frame that any image may damage. */
export function rangesOf({ commits, frames }: WalFrames, { attempted, synchronous }: Snapshot): Range[] {
  const ranges: Range[] = [];
  let after = synchronous === 0 ? 0 : attempted;
  for (const commit of commits) {
    if (commit - after < RANGE_FRAMES) continue;
    ranges.push({ after, upTo: commit });
    after = commit;
  }
  // The last one has the image without damage as well, so it is there even when no frame is left.
  return [...ranges, { after, upTo: frames }];
}

function answerOf(worker: Worker, order: RangeOrder): Promise<RangeResult> {
  const answered = Promise.withResolvers<RangeResult>();
  const settle = (answer: RangeAnswer) => {
    worker.off('error', answered.reject);
    if ('result' in answer) answered.resolve(answer.result);
    else answered.reject(sweepFailed(answer.problem));
  };
  worker.once('message', settle);
  worker.once('error', answered.reject);
  worker.postMessage(order);
  return answered.promise;
}

function sweepFailed(problem: string): WalproofError {
  const next = 'free some memory (df -h /dev/shm shows what files in memory have), or leave --crash-images out';
  return new WalproofError('PROBE_FAILED', `the crash images could not be made: ${problem}`, next);
}

function merged(results: readonly RangeResult[], queries: number): Swept {
  const images = { boundary: 0, torn: 0, garbled: 0, reordered: 0 };
  const failed = new Map<string, FailedImage & { images: number }>();
  for (const result of results) {
    for (const kind of Object.keys(images) as ImageKind[]) images[kind] += result.images[kind];
    for (const each of result.failed) {
      const known = failed.get(each.code);
      // Ranges are in the order of the frames: the first one has the fewest.
      if (known === undefined) failed.set(each.code, { ...each });
      else known.images += each.images;
    }
  }
  const states = results.flatMap((result) => result.states);
  return {
    images,
    asCopied: results.reduce((sum, result) => sum + result.asCopied, 0),
    failed: [...failed.values()],
    states: states.length,
    keys: Array.from({ length: queries }, (_, n) => keysOf(results, n)),
  };
}

/** Each range tells all keys of its first state: what it has beyond those known came with that state or just before. */
function keysOf(results: readonly RangeResult[], n: number): Swept['keys'][number] {
  const known = new Set<string>();
  const keys: Swept['keys'][number] = { before: [], later: [], vanished: [] };
  for (const [range, { states }] of results.entries())
    for (const [place, state] of states.entries()) {
      const fresh = (state.keys[n] ?? []).filter((key) => !known.has(key));
      if (range > 0 && place === 0) {
        const now = new Set(state.keys[n]);
        keys.vanished.push(...[...known].filter((key) => !now.has(key)));
      }
      keys.vanished.push(...(state.vanished[n] ?? []));
      for (const key of fresh) known.add(key);
      if (range === 0 && place === 0) keys.before = fresh;
      else if (fresh.length > 0) keys.later.push({ commit: state.commit, keys: fresh });
    }
  return keys;
}

/** In memory where that can be; there a folder outlives a process that was killed, so the next one removes it. */
function makeFolder(): string {
  const parent = isWritable(IN_MEMORY) ? IN_MEMORY : tmpdir();
  for (const name of readdirSync(parent)) {
    const pid = Number(new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1]);
    if (pid > 0 && !isAlive(pid)) rmSync(join(parent, name), { recursive: true, force: true });
  }
  return mkdtempSync(join(parent, `${PREFIX}${process.pid}-`));
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
