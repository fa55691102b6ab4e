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

const kindOf = ({ kind }: Op): Recovery['kind'] => (kind === 'read' ? 'read' : 'write');

/** Of each fault that took effect and each kind of call: a service that answers reads alone has not recovered. */
export function recoveries(evidence: Evidence): Recovery[] {
  const serving = new Set(evidence.service.processes.filter((each) => each.servesTraffic).map(({ name }) => name));
  const endedMs = trafficEndedMs(evidence);
  const inOrder = evidence.ops
    .filter(({ outcome }) => outcome === 'ok')
    .toSorted((a, b) => a.returnedAtMs - b.returnedAtMs);
  const acknowledged = Map.groupBy(inOrder, kindOf);
  return observationsOf(evidence, 'fault')
    .filter(({ tookEffect, healedAtMs }) => tookEffect && healedAtMs < endedMs)
    .flatMap((fault) => {
      const isHit = serving.has(fault.target);
      const by = isHit ? fault.target : evidence.service.name;
      return [...acknowledged].map(([kind, ops]) => {
        // A call that left before the end of the fault may have been answered by the process before it.
        const op = ops.find(
          ({ calledAtMs, target }) =>
            calledAtMs >= fault.healedAtMs && (!isHit || (target ?? fault.target) === fault.target),
        );
        const tookMs = Math.max(0, (op?.returnedAtMs ?? endedMs) - fault.healedAtMs);
        return { fault, kind, by, tookMs, op: op ?? null };
      });
    });
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
