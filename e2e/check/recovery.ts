import { type Evidence, observationsOf } from '../model/evidence.ts';
import type { FaultSeen } from '../model/observation.ts';
import type { Op } from '../model/op.ts';
import type { Finding } from '../model/verdict.ts';
import { broken, Examples, listed } from './finding.ts';
import { trafficEndedMs } from './moments.ts';

/** As long as a container's health check waits: a service that is silent for longer is taken for dead. */
const SLOWEST_MS = 5_000;

/** How long after the end of a fault the service acknowledged a call of one kind again. */
export interface Recovery {
  fault: FaultSeen;
  kind: 'write' | 'read';
  /** Who acknowledged: the process that was hit, or any when that one serves no traffic. */
  by: string;
  tookMs: number;
  /** Null when traffic ended before anything was acknowledged. */
  op: Op | null;
}

/** Every fault that took effect and healed under load, with the first acknowledged call of each kind after it. */
export class Recoveries {
  readonly #faults: readonly FaultSeen[];
  readonly #serving: ReadonlySet<string>;
  readonly #service: string;
  readonly #endedMs: number;
  readonly #replies = new Map<Recovery['kind'], FirstReplies>();

  constructor(evidence: Evidence) {
    const { service } = evidence;
    const endedMs = trafficEndedMs(evidence);
    this.#serving = new Set(service.processes.filter((each) => each.servesTraffic).map(({ name }) => name));
    this.#service = service.name;
    this.#endedMs = endedMs;
    this.#faults = observationsOf(evidence, 'fault').filter(
      ({ tookEffect, healedAtMs }) => tookEffect && healedAtMs < endedMs,
    );
  }

  take(op: Op): void {
    if (op.outcome !== 'ok') return;
    const kind = op.kind === 'read' ? 'read' : 'write';
    let replies = this.#replies.get(kind);
    if (replies === undefined) {
      replies = new FirstReplies(this.#faults, this.#serving);
      this.#replies.set(kind, replies);
    }
    replies.take(op);
  }

  /** Of each fault and each kind of call: a service that answers reads alone has not recovered. */
  all(): Recovery[] {
    const byKind = [...this.#replies].sort(([, a], [, b]) => a.firstReturnedMs - b.firstReturnedMs);
    return this.#faults.flatMap((fault) =>
      byKind.map(([kind, replies]): Recovery => {
        const op = replies.after(fault);
        const by = this.#serving.has(fault.target) ? fault.target : this.#service;
        const tookMs = Math.max(0, (op?.returnedAtMs ?? this.#endedMs) - fault.healedAtMs);
        return { fault, kind, by, tookMs, op };
      }),
    );
  }
}

/** For each fault the op that returned first, of those that were called when it had healed. */
class FirstReplies {
  firstReturnedMs = Number.POSITIVE_INFINITY;
  readonly #serving: ReadonlySet<string>;
  /** In the order in which they healed. */
  readonly #faults: readonly FaultSeen[];
  readonly #healedMs: Float64Array;
  readonly #ops: (Op | null)[];
  /** No op that returns later can be the first for this fault, nor for any that healed before it. */
  readonly #settledMs: Float64Array;

  constructor(faults: readonly FaultSeen[], serving: ReadonlySet<string>) {
    this.#serving = serving;
    this.#faults = faults.toSorted((a, b) => a.healedAtMs - b.healedAtMs);
    this.#healedMs = Float64Array.from(this.#faults, ({ healedAtMs }) => healedAtMs);
    this.#ops = this.#faults.map(() => null);
    this.#settledMs = new Float64Array(faults.length).fill(Number.POSITIVE_INFINITY);
  }

  take(op: Op): void {
    const { calledAtMs, returnedAtMs } = op;
    if (returnedAtMs < this.firstReturnedMs) this.firstReturnedMs = returnedAtMs;
    // A call that left before the end of the fault may have been answered by the process before it.
    const healed = this.#healedBy(calledAtMs);
    if (healed === 0 || (this.#settledMs[healed - 1] as number) <= returnedAtMs) return;
    for (let n = 0; n < healed; n++) if (this.#isFirst(op, n)) this.#ops[n] = op;
    let settledMs = Number.NEGATIVE_INFINITY;
    for (let n = 0; n < this.#ops.length; n++) {
      settledMs = Math.max(settledMs, this.#ops[n]?.returnedAtMs ?? Number.POSITIVE_INFINITY);
      this.#settledMs[n] = settledMs;
    }
  }

  after(fault: FaultSeen): Op | null {
    return this.#ops[this.#faults.indexOf(fault)] ?? null;
  }

  #isFirst({ returnedAtMs, target }: Op, n: number): boolean {
    const { target: hit } = this.#faults[n] as FaultSeen;
    if (this.#serving.has(hit) && (target ?? hit) !== hit) return false;
    return returnedAtMs < (this.#ops[n]?.returnedAtMs ?? Number.POSITIVE_INFINITY);
  }

  /** How many had healed when a call left; faults are few and ops many, so by halving. */
  #healedBy(calledAtMs: number): number {
    let low = 0;
    let high = this.#healedMs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#healedMs[middle] as number) <= calledAtMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Without a reply the time only counts once it is too long; that there was one at all is demanded elsewhere. */
export function slowRecoveries(all: readonly Recovery[]): Finding[] {
  const slow = all.filter(({ tookMs }) => tookMs > SLOWEST_MS);
  if (slow.length === 0) return [];
  const examples = new Examples<unknown>();
  for (const recovery of slow) examples.add(recovery, recovery.tookMs);
  const hits = listed(slow.map(({ fault, kind, by }) => `${fault.fault} of ${fault.target}, no ${kind} by ${by}`));
  const longest = Math.round(Math.max(...slow.map(({ tookMs }) => tookMs)));
  const message = `A service works again soon after a fault: expected an acknowledged call within ${SLOWEST_MS} ms of its end, seen ${slow.length} times none of a kind so soon (${hits}), the longest after ${longest} ms.`;
  return [broken('slow-recovery', message, examples)];
}
