import { describe, expect, it } from 'vitest';
import { crashImages } from '../check/crash-images.ts';
import { exercised } from '../check/exercised.ts';
import { CHECKERS, judge } from '../check/index.ts';
import { integrity } from '../check/integrity.ts';
import { noBusy } from '../check/no-busy.ts';
import { pragmaPolicy } from '../check/pragma-policy.ts';
import { running } from '../check/running.ts';
import { sidecars } from '../check/sidecars.ts';
import { walMode } from '../check/wal-mode.ts';
import { writes } from '../check/writes.ts';
import { FINDING_CODES, type FindingCode } from '../model/verdict.ts';
import { FILE_HISTORIES } from './evidence/histories-of-files.ts';
import { SERVICE_HISTORIES } from './evidence/histories-of-service.ts';
import { check, codesOf, goodRun, type RedAndGreen } from './evidence-builder.ts';

/** One entry per finding code; the type makes a code without a history a compile error. */
const HISTORIES: Record<FindingCode, RedAndGreen> = {
  ...FILE_HISTORIES,
  ...SERVICE_HISTORIES,
  'journal-mode-not-wal': {
    checker: walMode,
    story: 'the file header still says rollback journal',
    red: () => goodRun().but('header', () => ({ writeVersion: 1, readVersion: 1 })),
    green: () => goodRun().attested('host', { file: ':memory:', journalMode: 'memory' }),
  },
  'pragma-drift': {
    checker: pragmaPolicy,
    story: 'after its restart one process is back at the driver default',
    red: () => goodRun().attested('host', { connection: 2, busyTimeoutMs: 5_000 }),
    green: () => goodRun().attested('host', { file: '/data/cache.db', busyTimeoutMs: 5_000 }),
  },
  'sidecar-missing': {
    checker: sidecars,
    story: 'somebody removed -shm while the database was open',
    red: () => goodRun().sidecars('open', 'wal'),
    green: () => goodRun().sidecars('open', 'wal', 'shm'),
  },
  'sidecar-unexpected': {
    checker: sidecars,
    story: 'a connection was left open at the stop, so -wal stayed',
    red: () => goodRun().sidecars('stopped', 'wal', 'shm'),
    green: () => goodRun().sidecars('stopped'),
  },
  'unclean-close': {
    checker: sidecars,
    story: 'a process gave up its connections at a stop, and the last to close deleted the sidecars all the same',
    red: () =>
      goodRun().but('database-closed', (seen) => ({ clean: seen.process !== 'host' || seen.incarnation !== 2 })),
    green: () => goodRun().but('database-closed', () => ({ clean: true })),
  },
  busy: {
    checker: noBusy,
    story: 'a driver reports SQLITE_BUSY that the service swallowed',
    red: () => goodRun().sqliteError('host', 'SQLITE_BUSY', { elapsedMs: 30_001 }),
    green: () => goodRun().slowStatement('host', 29_000),
  },
  'busy-snapshot': {
    checker: noBusy,
    story: 'a deferred transaction read first and then wrote',
    red: () => goodRun().sqliteError('host', 'SQLITE_BUSY_SNAPSHOT'),
    green: () => goodRun().slowStatement('host', 200),
  },
  'busy-recovery': {
    checker: noBusy,
    story: 'another process was recovering the WAL after a kill',
    red: () => goodRun().sqliteError('agent', 'SQLITE_BUSY_RECOVERY', { phase: 'open' }),
    green: () => goodRun().slowStatement('agent', 150),
  },
  locked: {
    checker: noBusy,
    story: 'two connections with a shared cache',
    red: () => goodRun().sqliteError('host', 'SQLITE_LOCKED_SHAREDCACHE'),
    green: () => goodRun().slowStatement('host', 120),
  },
  'sqlite-error': {
    checker: noBusy,
    story: 'the disk is full',
    red: () => goodRun().sqliteError('host', 'SQLITE_FULL'),
    green: () => goodRun().refused('add-note', 'x', 'y', { error: { code: 'HTTP_400', message: 'no text' } }),
  },
  'lost-write': {
    checker: writes,
    story: 'an acknowledged note is not there at the end',
    red: () => goodRun().but('final-read', (read) => ({ items: [...read.items].slice(1) })),
    green: () => goodRun().at(800).info('add-note', 'maybe', 'reply lost'),
  },
  'duplicate-write': {
    checker: writes,
    story: 'a note was stored twice after a kill between commit and acknowledgement',
    red: () => goodRun().but('final-read', (read) => ({ items: [...read.items, ...[...read.items].slice(0, 1)] })),
    green: () => goodRun(),
  },
  'unexpected-write': {
    checker: writes,
    story: 'a note is there that nobody sent',
    red: () =>
      goodRun().but('final-read', (read) => ({ items: [...read.items, { key: 'ghost', value: 'boo', count: 1 }] })),
    green: () =>
      goodRun()
        .at(800)
        .info('add-note', 'ghost', 'boo')
        .but('final-read', (read) => ({ items: [...read.items, { key: 'ghost', value: 'boo', count: 1 }] })),
  },
  'not-a-prefix': {
    checker: crashImages,
    story: 'a copy lacks a note that was acknowledged before another one that it holds',
    red: () => goodRun().but('crash-images', ({ keys }) => ({ keys: keys.map((own) => ({ ...own, before: [] })) })),
    green: () =>
      goodRun().but('crash-images', ({ keys }) => ({
        copiedAtMs: 0,
        keys: keys.map((own) => ({ ...own, later: own.later.slice(0, 4) })),
      })),
  },
  corrupt: {
    checker: integrity,
    story: 'the copy does not pass integrity_check',
    red: () => goodRun().integrity('copy', ['Tree 4 page 9: btreeInitPage() returns error code 11']),
    green: () => goodRun().integrity('copy', ['ok']),
  },
  'foreign-key-violation': {
    checker: integrity,
    story: 'a row refers to a parent that is gone',
    red: () => goodRun().integrity('live', ['ok'], ['messages rowid 3 → chats']),
    green: () => goodRun().integrity('live', ['ok'], []),
  },
  'service-not-started': {
    checker: running,
    story: 'the host ends at start, since a column is missing',
    red: () => goodRun().crashed('host', 'Error: no such column: origin'),
    green: () => goodRun().killed('host'),
  },
  'not-exercised': {
    checker: exercised,
    story: 'the control saw no busy, so the traffic proved nothing',
    red: () => goodRun().demanding({ controlResult: { variant: 'unpatched', busy: 0, lostWrites: 0, okOps: 900 } }),
    green: () => goodRun().demanding({ controlResult: { variant: 'unpatched', busy: 1, lostWrites: 0, okOps: 0 } }),
  },
};

describe('finding codes', () => {
  it('each has a red and a green history', () => {
    expect(Object.keys(HISTORIES).toSorted()).toEqual([...FINDING_CODES].toSorted());
  });

  describe.each(FINDING_CODES)('%s', (code) => {
    const { checker, story, red, green } = HISTORIES[code];

    it(`is found when ${story}`, () => {
      const result = check(checker, red());
      expect(codesOf(result)).toEqual([code]);
      expect(result.verdict).toBe(code === 'not-exercised' ? 'unknown' : 'fail');
    });

    it('is found by no other check of the same history', () => {
      const others = CHECKERS.filter((other) => other !== checker).map((other) => other.check(red().evidence()));
      expect(others.flatMap(codesOf)).not.toContain(code);
    });

    it('is not found in a near history, which passes', () => {
      const result = check(checker, green());
      expect(result.findings).toEqual([]);
      expect(result.verdict).toBe('pass');
    });

    it('says what was expected and what was seen, with evidence that fits into a line of JSON', () => {
      for (const { message, evidence } of check(checker, red()).findings) {
        expect(message).toMatch(/expected .+ seen /);
        expect(evidence.length).toBeGreaterThan(0);
        expect(evidence.length).toBeLessThanOrEqual(3);
        expect(JSON.parse(JSON.stringify(evidence))).toEqual(evidence);
      }
    });
  });
});

describe('judge', () => {
  it('passes a run in which nothing goes wrong, by every check', () => {
    const results = judge(goodRun().evidence());
    expect(results.flatMap((result) => result.findings)).toEqual([]);
    expect(results.map((result) => [result.check, result.verdict])).toEqual(
      CHECKERS.map((checker) => [checker.name, 'pass']),
    );
  });

  it('names every check once, with a claim', () => {
    expect(new Set(CHECKERS.map((checker) => checker.name)).size).toBe(CHECKERS.length);
    for (const checker of CHECKERS) expect(checker.claim).toMatch(/^[A-Z].+\.$/);
  });

  it('never passes on no evidence at all', () => {
    const nothing = { ops: [], observations: [] };
    for (const result of judge(goodRun().as(nothing).evidence())) {
      expect([result.check, result.verdict]).toEqual([result.check, 'unknown']);
      expect(new Set(codesOf(result))).toEqual(new Set(['not-exercised']));
    }
  });

  it('keeps evidence bounded however often a guarantee is broken', () => {
    const run = goodRun();
    for (let i = 0; i < 5_000; i++) run.sqliteError('host', 'SQLITE_BUSY', { elapsedMs: i });
    const [finding] = check(noBusy, run).findings;
    expect(finding?.message).toContain('seen 5000 in host (run)');
    expect(finding?.evidence).toHaveLength(2);
  });
});
