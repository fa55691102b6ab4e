import { describe, expect, it } from 'vitest';
import { engineGate, hasWalResetBug } from '../check/engine-gate.ts';
import { check, codesOf, goodRun } from './evidence-builder.ts';

describe('the range of the WAL-reset bug', () => {
  it.each([
    ['3.6.23', false],
    ['3.7.0', true],
    ['3.44.5', true],
    ['3.44.6', false],
    ['3.44.10', false],
    ['3.45.1', true],
    ['3.49.2', true],
    ['3.50.6', true],
    ['3.50.7', false],
    ['3.51.0', true],
    ['3.51.2', true],
    ['3.51.3', false],
    ['3.54.1', false],
    ['4.0.0', false],
    ['unknown', null],
  ])('%s: %s', (version, expected) => {
    expect(hasWalResetBug(version)).toBe(expected);
  });
});

describe('engine-gate', () => {
  it('names who uses an affected version', () => {
    const run = goodRun().attested('agent', { connection: 2, sqliteVersion: '3.49.2', sqliteSourceId: '2025-05-07' });
    const result = check(engineGate, run);
    expect(codesOf(result)).toEqual(['sqlite-wal-reset-bug', 'mixed-sqlite-versions']);
    expect(result.findings[0]?.message).toContain('seen 3.49.2 in agent (start 2, connection 2)');
  });

  it('tells two builds of one version apart', () => {
    const run = goodRun().attested('agent', { connection: 2, sqliteSourceId: '2026-07-01 patched by a distribution' });
    expect(codesOf(check(engineGate, run))).toEqual(['mixed-sqlite-versions']);
  });

  it('counts the probe as a user of the file', () => {
    const run = goodRun().but('probe', () => ({ sqliteSourceId: 'another' }));
    expect(check(engineGate, run).findings[0]?.message).toContain('(another) in the probe');
  });

  it('does not look at other files', () => {
    const run = goodRun().attested('agent', { file: '/data/cache.db', sqliteVersion: '3.49.2' });
    expect(check(engineGate, run).verdict).toBe('pass');
  });

  it.each(['probe', 'attestation'] as const)('cannot judge without a %s', (kind) => {
    expect(check(engineGate, goodRun().without(kind))).toMatchObject({ verdict: 'unknown' });
  });
});
