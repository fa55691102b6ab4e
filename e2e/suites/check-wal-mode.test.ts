import { describe, expect, it } from 'vitest';
import { walMode } from '../check/wal-mode.ts';
import { check, codesOf, goodRun, type History, history } from './evidence-builder.ts';

const judged = (told: History) => check(walMode, told);

describe('wal-mode', () => {
  it.each([
    ["a connection's own attestation", () => goodRun().attested('agent', { journalMode: 'delete' })],
    ['a fresh connection', () => goodRun().probed('delete')],
    ['the write version of a header', () => goodRun().header(1, 2)],
    ['the read version of a header', () => goodRun().header(2, 1)],
  ])('fails when %s says otherwise, though the others agree', (_witness, told) => {
    expect(codesOf(judged(told()))).toEqual(['journal-mode-not-wal']);
  });

  it('fails by each witness when none says WAL', () => {
    const told = goodRun()
      .but('attestation', ({ attestation }) => ({ attestation: { ...attestation, journalMode: 'delete' } }))
      .but('probe', () => ({ journalMode: 'delete' }))
      .but('header', () => ({ writeVersion: 1, readVersion: 1 }));
    expect(codesOf(judged(told))).toEqual(['journal-mode-not-wal', 'journal-mode-not-wal', 'journal-mode-not-wal']);
  });

  it.each(['attestation', 'probe', 'header'] as const)('is unknown without any %s', (kind) => {
    const result = judged(goodRun().without(kind));
    expect(result.verdict).toBe('unknown');
    expect(codesOf(result)).toEqual(['not-exercised']);
    expect(result.findings[0]?.message).toContain('three witnesses');
  });

  it('fails, not unknown, when one witness is missing and another says otherwise', () => {
    const result = judged(goodRun().without('probe').header(1, 1));
    expect(result.verdict).toBe('fail');
    expect(codesOf(result)).toEqual(['not-exercised', 'journal-mode-not-wal']);
  });

  it('is unknown when connections attest other files only', () => {
    const told = goodRun().without('attestation').attested('host', { file: '/data/store/other-notes.db' });
    expect(judged(told).verdict).toBe('unknown');
  });

  it.each(['probe', 'header'] as const)('is unknown when no %s was made after the last fault', (kind) => {
    const told = goodRun().but(kind, () => ({ atMs: 550 }));
    expect(codesOf(judged(told))).toEqual(['not-exercised']);
  });

  it('takes a witness made as the last fault had healed', () => {
    expect(judged(goodRun().but('probe', () => ({ atMs: 700 }))).verdict).toBe('pass');
  });

  it('asks for nothing after a fault that had no effect', () => {
    const told = goodRun().fault('kill', 'agent', 1_500, 1_600, false);
    expect(judged(told).verdict).toBe('pass');
  });

  it.each(['/data/store/notes.db', 'store/notes.db', 'C:\\data\\store\\notes.db'])(
    'judges a connection to %s',
    (file) => {
      const told = goodRun().attested('host', { file, journalMode: 'delete' });
      expect(judged(told).verdict).toBe('fail');
    },
  );

  it.each([':memory:', '', '/data/store/notes.db.backup', '/data/restore/notes.db', 'notes.db'])(
    'does not judge a connection to %j',
    (file) => {
      expect(judged(goodRun().attested('host', { file, journalMode: 'delete' })).verdict).toBe('pass');
    },
  );

  it('needs no fault to pass', () => {
    const told = history().started('host').attested('host').probed().header();
    expect(judged(told)).toMatchObject({ verdict: 'pass', figures: { attestations: 1, probes: 1, headers: 1 } });
  });
});
