/** Samples of locks in, holds out: a lock is told of once, when it is not seen any more. Pure but for its own state. */
import type { LockHeld } from '../model/observation.ts';
import type { LockName } from './lock-table.ts';

export interface SampledLock {
  lock: LockName;
  mode: 'shared' | 'exclusive';
  pid: number;
  process: string | null;
  command: string;
}

export type Hold = Omit<LockHeld, 'arm' | 'service'>;

/** A read that ends sooner pins nothing that anybody would notice. */
const LONG_MS = 500;
/** Of short holds; then only long ones are told of. A run of minutes stays below it. */
const MOST_SHORT = 5_000;
const MOST_LONG = 5_000;

export class LockHolds {
  dropped = 0;
  readonly #open = new Map<string, Hold>();
  #told = { short: 0, long: 0 };

  /** What ended since the sample before. */
  sample(atMs: number, seen: readonly SampledLock[]): Hold[] {
    const connected = new Set(seen.filter(({ lock }) => lock === 'DMS').map(({ pid }) => pid));
    const present = new Set<string>();
    for (const { lock, mode, pid, process, command } of seen) {
      // Every connection in WAL mode has these two as long as it is open; they exclude nobody.
      if (lock === 'DMS' || (lock === 'SHARED' && mode === 'shared' && connected.has(pid))) continue;
      const key = `${pid} ${lock} ${mode}`;
      present.add(key);
      const hold = this.#open.get(key);
      if (hold === undefined)
        this.#open.set(key, { kind: 'lock-held', atMs, lock, mode, pid, process, command, untilMs: atMs, samples: 1 });
      else Object.assign(hold, { untilMs: atMs, samples: hold.samples + 1 });
    }
    return this.#close((key) => !present.has(key));
  }

  /** What is still held. */
  end(): Hold[] {
    return this.#close(() => true);
  }

  #close(isOver: (key: string) => boolean): Hold[] {
    const over = [...this.#open].filter(([key]) => isOver(key));
    for (const [key] of over) this.#open.delete(key);
    return over.map(([, hold]) => hold).filter((hold) => this.#isTold(hold));
  }

  #isTold({ lock, mode, atMs, untilMs }: Hold): boolean {
    const isLong = untilMs - atMs >= LONG_MS;
    if (!isLong && (lock.startsWith('READ') || (lock === 'SHARED' && mode === 'shared'))) return false;
    const kind = isLong ? 'long' : 'short';
    if (this.#told[kind]++ < (isLong ? MOST_LONG : MOST_SHORT)) return true;
    this.dropped++;
    return false;
  }
}
