import type { Reachable } from '../model/stack.ts';

/** How long a process that cannot be reached gets no calls, in milliseconds, unless no other is left. */
export const UNREACHABLE_MS = 100;

/** Names of the processes that the traffic may send its calls to. */
export function targetsOf(stack: Reachable): string[] {
  const names = stack.processes.filter((process) => process.servesTraffic).map((process) => process.name);
  if (names.length === 0) throw new RangeError(`no process of ${stack.service.name} serves traffic`);
  return names;
}

/** The address of the first of them, as it is now. */
export function baseUrlOf(stack: Reachable): string {
  return stack.baseUrl(targetsOf(stack)[0] as string);
}

/**
 * Takes the targets in turn, as a load balancer does: one that could not be reached is left out for a moment. Without it
 * every client would spend most of a restart waiting for the process that is down, beside others that could serve it.
 */
export class Rotation {
  readonly #targets: readonly string[];
  readonly #nowMs: () => number;
  readonly #unreachableUntilMs = new Map<string, number>();

  constructor(targets: readonly string[], nowMs: () => number = () => performance.now()) {
    this.#targets = targets;
    this.#nowMs = nowMs;
  }

  /** The target of a turn; the next one that may be asked where it is left out. */
  at(turn: number): string {
    const count = this.#targets.length;
    for (let step = 0; step < count; step++) {
      const target = this.#targets[(turn + step) % count] as string;
      if (!this.#isLeftOut(target)) return target;
    }
    return this.#targets[turn % count] as string;
  }

  unreachable(target: string): void {
    this.#unreachableUntilMs.set(target, this.#nowMs() + UNREACHABLE_MS);
  }

  /** Whether none may be asked just now. */
  get isExhausted(): boolean {
    return this.#targets.every((target) => this.#isLeftOut(target));
  }

  #isLeftOut(target: string): boolean {
    return this.#nowMs() < (this.#unreachableUntilMs.get(target) ?? Number.NEGATIVE_INFINITY);
  }
}
