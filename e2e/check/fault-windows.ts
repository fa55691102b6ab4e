import type { FaultSeen } from '../model/observation.ts';
import type { Op } from '../model/op.ts';

/** A stretch of time in which at least one fault was on; faults that overlap share one. */
export interface FaultWindow {
  /** `kill of agent-1`, … */
  names: string[];
  fromMs: number;
  untilMs: number;
}

/** The windows in the order of time; no two overlap. */
export function faultWindows(faults: readonly FaultSeen[]): FaultWindow[] {
  const windows: FaultWindow[] = [];
  for (const { fault, target, atMs, healedAtMs } of faults.toSorted((a, b) => a.atMs - b.atMs)) {
    const name = `${fault} of ${target}`;
    const current = windows.at(-1);
    if (current !== undefined && atMs < current.untilMs) {
      current.names.push(name);
      current.untilMs = Math.max(current.untilMs, healedAtMs);
    } else {
      windows.push({ names: [name], fromMs: atMs, untilMs: healedAtMs });
    }
  }
  return windows;
}

/**
 * Counts ops around windows. `okBetween[i]` are the acknowledged ones that lie wholly before window i and after the one
 * before it (the last entry: after the last window). `attemptedDuring[i]` are those, of any outcome, that touch window i.
 */
export class OpsAround {
  readonly okBetween: number[];
  readonly attemptedDuring: number[];
  readonly #windows: readonly FaultWindow[];

  constructor(windows: readonly FaultWindow[]) {
    this.#windows = windows;
    this.okBetween = new Array<number>(windows.length + 1).fill(0);
    this.attemptedDuring = new Array<number>(windows.length).fill(0);
  }

  take({ calledAtMs, returnedAtMs, outcome }: Op): void {
    const windows = this.#windows;
    // Windows before `next` were over when the op was called.
    const next = countUntil(windows, calledAtMs);
    const following = windows[next];
    const isBetween = following === undefined || returnedAtMs <= following.fromMs;
    if (isBetween && outcome === 'ok') this.okBetween[next] = (this.okBetween[next] ?? 0) + 1;
    for (let i = next; i < windows.length && (windows[i] as FaultWindow).fromMs < returnedAtMs; i++)
      this.attemptedDuring[i] = (this.attemptedDuring[i] ?? 0) + 1;
  }
}

/** How many windows ended at or before a moment; windows are few and ops many, so by halving. */
function countUntil(windows: readonly FaultWindow[], momentMs: number): number {
  let low = 0;
  let high = windows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((windows[middle]?.untilMs ?? 0) <= momentMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
