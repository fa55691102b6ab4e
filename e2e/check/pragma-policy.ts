import { type Checker, type Evidence, observationsOf } from '../model/evidence.ts';
import type { AttestationSeen } from '../model/observation.ts';
import type { PragmaPolicy } from '../model/service.ts';
import type { Finding } from '../model/verdict.ts';
import { connectionName, judgedAttestations } from './connections.ts';
import { broken, conclude, Examples, ensure, listed, notExercised } from './finding.ts';
import { type ProcessLife, processLives } from './process-lives.ts';

const CHECK = 'pragma-policy';

/** The pragma behind each field of the policy, as it is written in SQL. */
const PRAGMAS: Record<keyof PragmaPolicy, string> = {
  journalMode: 'journal_mode',
  busyTimeoutMs: 'busy_timeout',
  synchronous: 'synchronous',
  cacheSize: 'cache_size',
  foreignKeys: 'foreign_keys',
};
const FIELDS = Object.keys(PRAGMAS) as (keyof PragmaPolicy)[];

function judgeField(
  field: keyof PragmaPolicy,
  attestations: readonly AttestationSeen[],
  { service }: Evidence,
): Finding[] {
  const expected = service.policy[field];
  const examples = new Examples<unknown>();
  const by: string[] = [];
  const seen: string[] = [];
  for (const record of attestations) {
    const value = record.attestation[field];
    if (value === expected) continue;
    examples.add(record, Math.abs(Number(value) - Number(expected)) || 0);
    seen.push(String(value));
    by.push(connectionName(record));
  }
  if (examples.count === 0) return [];
  const message = `Every connection to ${service.database} keeps the policy: expected ${PRAGMAS[field]} ${expected}, seen ${listed(seen)} in ${examples.count} of ${attestations.length} attestations (${listed(by)}).`;
  return [broken('pragma-drift', message, examples)];
}

/**
 * Moments at which every process that lives is known to be healthy: traffic begins and the final read is made on a healthy
 * stack, and a fault is over only when it has healed.
 */
function healthyMomentsMs(evidence: Evidence): number[] {
  return [
    ...observationsOf(evidence, 'traffic').map((window) => window.atMs),
    ...observationsOf(evidence, 'fault').map((fault) => fault.healedAtMs),
    ...observationsOf(evidence, 'final-read').map((read) => read.atMs),
  ];
}

/**
 * Whether an incarnation owes attestations. One that was killed or stopped while it was still starting had no connection
 * to attest, so it owes only when it lived at a healthy moment, or lives still. One that ended by itself is judged by
 * `running`.
 */
function owes(life: ProcessLife, healthyMs: readonly number[]): boolean {
  if (life.endedAtMs === Number.POSITIVE_INFINITY) return true;
  return healthyMs.some((moment) => life.startedAtMs <= moment && moment < life.endedAtMs);
}

function missingAttestations(
  evidence: Evidence,
  attestations: readonly AttestationSeen[],
  lives: readonly ProcessLife[],
): Finding[] {
  const { database } = evidence.service;
  const guarantee = `Each start attests its connections to ${database}`;
  if (lives.length === 0) return [notExercised(`${guarantee}: expected process starts, seen none.`)];
  if (attestations.length === 0) return [notExercised(`${guarantee}: expected attestations, seen none.`)];
  const attested = new Map<string, Set<number>>();
  for (const { process, incarnation } of attestations)
    ensure(attested, process, () => new Set<number>()).add(incarnation);
  const healthyMs = healthyMomentsMs(evidence);
  const silent = lives.filter((life) => owes(life, healthyMs) && !attested.get(life.process)?.has(life.incarnation));
  if (silent.length === 0) return [];
  const examples = new Examples<unknown>();
  for (const { process, incarnation, startedAtMs } of silent) examples.add({ process, incarnation, startedAtMs });
  const names = listed(silent.map((life) => `${life.process} (start ${life.incarnation})`));
  return [
    notExercised(
      `${guarantee}: expected at least one attestation of each of ${lives.length} starts, seen none of ${names}.`,
      examples.list(),
    ),
  ];
}

/** Pragmas but journal_mode belong to the connection, so only its own word counts, at each start anew. */
export const pragmaPolicy: Checker = {
  name: CHECK,
  claim: 'Every connection to the database keeps the pragma policy, before and after every restart.',
  check(evidence) {
    const attestations = judgedAttestations(evidence);
    const lives = processLives(evidence);
    const findings = FIELDS.flatMap((field) => judgeField(field, attestations, evidence));
    findings.push(...missingAttestations(evidence, attestations, lives));
    return conclude(CHECK, findings, { attestations: attestations.length, starts: lives.length });
  },
};
