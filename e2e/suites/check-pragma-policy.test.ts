import { describe, expect, it } from 'vitest';
import { pragmaPolicy } from '../check/pragma-policy.ts';
import { check, codesOf, goodRun, type History, history } from './evidence-builder.ts';

const judged = (told: History) => check(pragmaPolicy, told);

describe('pragma-policy', () => {
  it.each([
    ['journal_mode wal, seen delete', { journalMode: 'delete' }],
    ['busy_timeout 30000, seen 5000', { busyTimeoutMs: 5_000 }],
    ['synchronous 1, seen 2', { synchronous: 2 }],
    ['cache_size -20000, seen -16000', { cacheSize: -16_000 }],
    ['foreign_keys true, seen false', { foreignKeys: false }],
  ])('names what drifted: expected %s', (said, says) => {
    const result = judged(goodRun().attested('agent', { connection: 3, ...says }));
    expect(codesOf(result)).toEqual(['pragma-drift']);
    expect(result.findings[0]?.message).toContain(
      `expected ${said} in 1 of 5 attestations (agent (start 2, connection 3))`,
    );
  });

  it('finds each drifted pragma of its own', () => {
    const told = goodRun().attested('host', { busyTimeoutMs: 0, foreignKeys: false, synchronous: 2 });
    expect(codesOf(judged(told))).toEqual(['pragma-drift', 'pragma-drift', 'pragma-drift']);
  });

  it('finds drift of the first start that the second had cured', () => {
    const told = goodRun().but('attestation', ({ incarnation, attestation }) => ({
      attestation: { ...attestation, busyTimeoutMs: incarnation === 1 ? 0 : 30_000 },
    }));
    expect(codesOf(judged(told))).toEqual(['pragma-drift']);
  });

  it('keeps the attestation farthest from the policy as the worst', () => {
    const told = goodRun();
    for (const busyTimeoutMs of [29_000, 0, 5_000]) told.attested('host', { busyTimeoutMs });
    const kept = judged(told).findings[0]?.evidence as { attestation: { busyTimeoutMs: number } }[];
    expect(kept.map((seen) => seen.attestation.busyTimeoutMs)).toEqual([29_000, 0, 5_000]);
  });

  it('does not judge other files and in-memory databases', () => {
    const told = goodRun().attested('host', { file: ':memory:', journalMode: 'memory', cacheSize: 0 });
    expect(judged(told).verdict).toBe('pass');
  });
});

describe('attestations owed', () => {
  const silent = (told: History) => {
    const result = judged(told);
    expect(result.verdict).toBe('unknown');
    expect(codesOf(result)).toEqual(['not-exercised']);
    return result.findings[0]?.message;
  };

  it('by a start after a restart', () => {
    const told = goodRun().without('attestation', (seen) => seen.process === 'host' && seen.incarnation === 2);
    expect(silent(told)).toContain('seen none of host (start 2)');
  });

  it('by a first start that was ended later', () => {
    const told = goodRun().without('attestation', (seen) => seen.process === 'agent' && seen.incarnation === 1);
    expect(silent(told)).toContain('seen none of agent (start 1)');
  });

  it('by a process that attested another file only', () => {
    const told = history().started('host', 'agent').attested('host').attested('agent', { file: ':memory:' });
    expect(silent(told)).toContain('agent (start 1)');
  });

  it('by a start that still lives, whatever was seen of it', () => {
    expect(silent(goodRun().started('host'))).toContain('host (start 3)');
  });

  it('by a start that lived at the final read', () => {
    const told = goodRun().without('fault').without('traffic');
    told.without('attestation', (seen) => seen.process === 'agent' && seen.incarnation === 2);
    expect(silent(told)).toContain('agent (start 2)');
  });

  it('not by a start that was killed while it was starting', () => {
    const told = goodRun().at(650).killed('agent').at(655).started('agent').at(660).attested('agent');
    told.without('attestation', (seen) => seen.process === 'agent' && seen.incarnation === 2);
    told.without('process-exited', (seen) => seen.process === 'agent' && seen.incarnation === 2);
    expect(judged(told).verdict).toBe('pass');
  });

  it.each([
    ['that began as a fault had healed', 700, 705, true],
    ['that ended as a fault had healed', 695, 700, false],
    ['that had ended when a fault healed, before the next start', 690, 695, false],
  ])('by a start %s, at %i to %i ms: %s', (_which, startedAtMs, endedAtMs, isOwed) => {
    const told = history().started('host').attested('host').at(600).killed('host');
    told.at(startedAtMs).started('host').at(endedAtMs).killed('host').at(710).started('host').attested('host');
    expect(judged(told.fault('kill', 'agent', 500, 700)).verdict).toBe(isOwed ? 'unknown' : 'pass');
  });

  it('not by a start that only the next start shows to have ended at once', () => {
    const told = goodRun().at(650).started('agent').at(660).attested('agent');
    told.without('attestation', (seen) => seen.process === 'agent' && seen.incarnation === 2);
    told.without('process-exited', (seen) => seen.process === 'agent' && seen.incarnation === 2);
    expect(judged(told).verdict).toBe('pass');
  });

  it('by the older of two incarnations, when both lived at a healthy moment', () => {
    const exit = { exitCode: 0, signal: null, expected: true, lastLines: [] };
    const told = history().started('host').started('host').attested('host').fault('pause', 'agent', 15, 20);
    told.at(30).observe({ kind: 'process-exited', process: 'host', incarnation: 1, ...exit });
    expect(silent(told)).toContain('host (start 1)');
  });

  it('by each of two incarnations that run side by side in a rolling restart', () => {
    const rolling = () => {
      const told = goodRun().at(620).started('host');
      return told.at(640).observe({
        kind: 'process-exited',
        process: 'host',
        incarnation: 2,
        exitCode: 0,
        signal: null,
        expected: true,
        lastLines: [],
      });
    };
    expect(silent(rolling())).toContain('host (start 3)');
    expect(judged(rolling().attested('host')).verdict).toBe('pass');
  });

  it('not by a start that ended by itself: the check `running` judges it', () => {
    expect(judged(goodRun().started('host').crashed('host')).verdict).toBe('pass');
  });

  it('by some start at least, when all were killed at once', () => {
    const told = history().started('host').killed('host').started('host').killed('host');
    expect(silent(told)).toContain('expected attestations, seen none');
  });

  it('and without process starts nobody knows by whom', () => {
    expect(silent(goodRun().without('process-started'))).toContain('expected process starts, seen none');
  });
});
