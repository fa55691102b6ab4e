import { noBusy } from '../check/no-busy.ts';
import { type Evidence, observationsOf } from '../model/evidence.ts';
import type { EquivalenceProof } from '../report/mutant-matrix.ts';

/** What a connection says of itself that a rule can change. */
function attestedBy(evidence: Evidence): { connections: number; kinds: string[] } {
  const seen = observationsOf(evidence, 'attestation').map(({ attestation }) => {
    const { journalMode, busyTimeoutMs, synchronous, cacheSize, foreignKeys, readonly } = attestation;
    return JSON.stringify({ journalMode, busyTimeoutMs, synchronous, cacheSize, foreignKeys, readonly });
  });
  return { connections: seen.length, kinds: [...new Set(seen)].sort() };
}

/** The proof that a mutant cannot be told from the service as it is; null where what was measured differs. */
export function proofOf(reason: string, baseline: Evidence, mutant: Evidence): EquivalenceProof | null {
  const [before, after] = [attestedBy(baseline), attestedBy(mutant)];
  if (before.connections === 0 || before.kinds.join() !== after.kinds.join()) return null;
  const figure = (name: string) => ({ baseline: figureOf(baseline, name), mutant: figureOf(mutant, name) });
  return {
    reason,
    attested: before.kinds.map((kind) => JSON.parse(kind) as Record<string, unknown>),
    connections: { baseline: before.connections, mutant: after.connections },
    lockErrors: figure('busyCount'),
    longestWaitMs: figure('longestWaitMs'),
  };
}

function figureOf(evidence: Evidence, name: string): number {
  return noBusy.check(evidence).figures?.[name] ?? 0;
}
