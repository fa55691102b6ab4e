import { describe, expect, it } from 'vitest';
import { noBusy } from '../check/no-busy.ts';
import { findingCodeOf, sqliteCodesIn } from '../check/sqlite-codes.ts';
import { check, codesOf, goodRun, type History } from './evidence-builder.ts';

const judged = (told: History) => check(noBusy, told);
const SWITCH = { phase: 'open', sql: 'PRAGMA journal_mode = WAL', elapsedMs: 0.2 };

describe('no-busy', () => {
  it('groups by code, process and phase, with counts and times', () => {
    const told = goodRun();
    for (const elapsedMs of [3, 0.5, 12]) told.sqliteError('host', 'SQLITE_BUSY', { elapsedMs });
    told.sqliteError('host', 'SQLITE_BUSY', { phase: 'close', elapsedMs: 1 });
    told.sqliteError('agent', 'SQLITE_BUSY', { elapsedMs: 1 });
    told.sqliteError('agent', 'SQLITE_BUSY_SNAPSHOT', { elapsedMs: 0 });
    const result = judged(told);
    expect(result.findings.map((finding) => [finding.code, finding.message.match(/seen (.*) after/)?.[1]])).toEqual([
      ['busy', '3 in host (run)'],
      ['busy', '1 in host (close)'],
      ['busy', '1 in agent (run)'],
      ['busy-snapshot', '1 in agent (run)'],
    ]);
    expect(result.findings[0]?.message).toContain('after 0.5 to 12.0 ms (busy_timeout by policy 30000 ms)');
    expect(result.figures).toMatchObject({ busyCount: 6, longestWaitMs: 12, busyTimeoutMs: 30_000 });
  });

  it('keeps the longest wait as the worst example', () => {
    const told = goodRun();
    for (const elapsedMs of [1, 900, 5]) told.sqliteError('host', 'SQLITE_BUSY', { elapsedMs });
    const kept = judged(told).findings[0]?.evidence as { elapsedMs: number }[];
    expect(kept.map((seen) => seen.elapsedMs)).toEqual([1, 900, 5]);
  });

  it('shows the longest wait of a run without errors', () => {
    const result = judged(goodRun().slowStatement('host', 730).slowStatement('agent', 120));
    expect(result).toMatchObject({ verdict: 'pass', figures: { busyCount: 0, longestWaitMs: 730 } });
  });

  it.each([
    ['its code', { code: 'SQLITE_BUSY', message: 'database is locked' }],
    ['its text', { code: 'HTTP_500', message: '{"error":{"code":"SQLITE_BUSY"}}' }],
    ["SQLite's own words", { code: 'HTTP_500', message: 'SqliteError: database is locked' }],
  ])('finds busy in a reply by %s', (_by, error) => {
    const result = judged(goodRun().at(800).info('add-note', 'x', 'y', { error }));
    expect(codesOf(result)).toEqual(['busy']);
    expect(result.findings[0]?.message).toContain('1 in replies to clients (add-note)');
  });

  it('counts an error once that the driver and a reply both show', () => {
    const told = goodRun().at(800);
    told.sqliteError('host', 'SQLITE_BUSY').sqliteError('host', 'SQLITE_BUSY');
    told.info('add-note', 'x', 'y', { error: { code: 'SQLITE_BUSY', message: 'database is locked' } });
    expect(judged(told).figures).toMatchObject({ busyCount: 2 });
  });

  it('leaves replies alone that failed for other reasons', () => {
    const told = goodRun()
      .at(800)
      .info('add-note', 'x', 'y', { error: { code: 'ECONNRESET', message: 'socket hang up' } });
    expect(judged(told).verdict).toBe('pass');
  });

  it('finds busy in the last lines of a process that died before it could report', () => {
    const result = judged(goodRun().crashed('host', '    at openDatabase (db.ts:9:3)', "  code: 'SQLITE_BUSY'"));
    expect(result.findings.map((finding) => finding.message)).toEqual([
      'No statement fails for a lock: expected no SQLITE_BUSY, seen 1 in host (last lines).',
    ]);
  });

  it('counts an exit and the failed start that quotes it as one', () => {
    const told = goodRun()
      .crashed('host', "code: 'SQLITE_BUSY'")
      .startFailed('host', 'not healthy', "code: 'SQLITE_BUSY'");
    expect(judged(told).figures).toMatchObject({ busyCount: 1 });
  });

  it.each(['SQLITE_BUSY', 'database is locked'])(
    'counts it once when the failed start is told of the whole service: %s',
    (line) => {
      const told = goodRun().crashed('host', line).startFailed('notes', 'host ended while it was started', line);
      expect(judged(told).figures).toMatchObject({ busyCount: 1 });
      const reported = goodRun()
        .sqliteError('host', 'SQLITE_BUSY')
        .crashed('host', line)
        .startFailed('notes', '', line);
      expect(judged(reported).figures).toMatchObject({ busyCount: 1 });
    },
  );

  it('knows what the driver reported among other errors', () => {
    const told = goodRun().sqliteError('host', 'SQLITE_FULL').sqliteError('host', 'SQLITE_BUSY');
    expect(codesOf(judged(told.crashed('host', "code: 'SQLITE_BUSY'")))).toEqual(['sqlite-error', 'busy']);
  });

  it('counts what two processes report, each of its own', () => {
    const told = goodRun().sqliteError('agent', 'SQLITE_BUSY').crashed('host', 'SQLITE_BUSY');
    expect(codesOf(judged(told))).toEqual(['busy', 'busy']);
  });

  it('finds the code in the message of a failed start', () => {
    expect(codesOf(judged(goodRun().startFailed('host', 'SQLITE_CANTOPEN: unable to open')))).toEqual(['sqlite-error']);
  });

  it('counts each death', () => {
    const told = goodRun().crashed('host', 'SQLITE_BUSY').started('host').crashed('host', 'SQLITE_BUSY');
    expect(judged(told).figures).toMatchObject({ busyCount: 2 });
  });

  it('counts an error once that the driver reported and the last lines repeat', () => {
    const told = goodRun().sqliteError('host', 'SQLITE_BUSY').crashed('host', "code: 'SQLITE_BUSY'");
    expect(judged(told).figures).toMatchObject({ busyCount: 1 });
    expect(codesOf(judged(told.crashed('agent', "code: 'SQLITE_BUSY'")))).toEqual(['busy', 'busy']);
  });

  it('is unknown without a call that could have met a lock', () => {
    expect(codesOf(judged(goodRun().withoutOps(() => true)))).toEqual(['not-exercised']);
  });

  it('is unknown when no connection reports', () => {
    expect(codesOf(judged(goodRun().without('attestation')))).toEqual(['not-exercised']);
  });
});

describe('a refused switch to WAL at start', () => {
  it('is no finding when the process tried again and then attests WAL', () => {
    const told = goodRun().started('host').sqliteError('host', 'SQLITE_BUSY', SWITCH).attested('host');
    expect(judged(told)).toMatchObject({ verdict: 'pass', figures: { busyCount: 0, walSwitchRetries: 1 } });
  });

  it('stays none when the process is stopped later and its last lines still show it', () => {
    const told = goodRun().started('host').sqliteError('host', 'SQLITE_BUSY', SWITCH).attested('host');
    told.exited('host', { exitCode: 0, lastLines: ['{"event":"sqlite-error","err":{"code":"SQLITE_BUSY"}}'] });
    expect(judged(told).verdict).toBe('pass');
  });

  it.each([
    ['the process died of it', (told: History) => told.crashed('host').started('host').attested('host')],
    ['it died after its closing connections attested WAL', (told: History) => told.attested('host').crashed('host')],
    [
      'the process attests another mode',
      (told: History) => told.attested('host', { journalMode: 'delete' }).attested('host'),
    ],
    ['only another process attests WAL', (told: History) => told.attested('agent')],
    ['only another file attests WAL', (told: History) => told.attested('host', { file: '/data/other.db' })],
    ['the start failed', (told: History) => told.startFailed('host', 'not healthy').attested('host')],
  ])('is busy when %s', (_why, then) => {
    const told = then(goodRun().started('host').sqliteError('host', 'SQLITE_BUSY', SWITCH));
    expect(codesOf(judged(told))).toEqual(['busy']);
  });

  it('may be answered several times, by several processes', () => {
    const told = goodRun().started('host', 'agent');
    told.sqliteError('host', 'SQLITE_BUSY', SWITCH).sqliteError('agent', 'SQLITE_BUSY', SWITCH);
    told.sqliteError('host', 'SQLITE_BUSY', SWITCH).attested('agent').attested('host').killed('agent');
    expect(judged(told)).toMatchObject({ verdict: 'pass', figures: { walSwitchRetries: 3 } });
    told.sqliteError('host', 'SQLITE_BUSY', SWITCH);
    expect(judged(told)).toMatchObject({ verdict: 'fail', figures: { walSwitchRetries: 3, busyCount: 1 } });
  });

  it.each([
    ['while serving', { ...SWITCH, phase: 'run' }, 'SQLITE_BUSY'],
    ['of another statement', { ...SWITCH, sql: 'CREATE TABLE notes (id)' }, 'SQLITE_BUSY'],
    ['for a reason that is no lock', SWITCH, 'SQLITE_READONLY'],
  ])('does not excuse an error %s', (_what, details, code) => {
    const told = goodRun().started('host').sqliteError('host', code, details).attested('host');
    expect(judged(told).verdict).toBe('fail');
  });
});

describe('SQLite codes', () => {
  it.each([
    ['SQLITE_BUSY', 'busy'],
    ['SQLITE_BUSY_TIMEOUT', 'busy'],
    ['SQLITE_BUSY_SNAPSHOT', 'busy-snapshot'],
    ['SQLITE_BUSY_RECOVERY', 'busy-recovery'],
    ['SQLITE_LOCKED', 'locked'],
    ['SQLITE_LOCKED_SHAREDCACHE', 'locked'],
    ['SQLITE_IOERR_SHMMAP', 'sqlite-error'],
    ['SQLITE_CONSTRAINT_PRIMARYKEY', 'sqlite-error'],
    ['ERR_SQLITE_ERROR', 'sqlite-error'],
  ] as const)('%s is %s', (sqliteCode, code) => {
    expect(findingCodeOf(sqliteCode)).toBe(code);
  });

  it.each([
    ["code: 'SQLITE_BUSY_SNAPSHOT', and SQLITE_FULL", ['SQLITE_BUSY_SNAPSHOT', 'SQLITE_FULL']],
    ['SQLITE_BUSY: database is locked', ['SQLITE_BUSY']],
    ['database table is locked: notes', ['SQLITE_LOCKED']],
    ['ERR_SQLITE_ERROR SQLITE_TMPDIR=/tmp SQLITE_ROW SQLITE_NOTICE_RECOVER_WAL SQLITE_BUSYBODY', []],
  ])('in %j are %j', (text, codes) => {
    expect(sqliteCodesIn(text)).toEqual(codes);
  });

  it('of a driver that hides it are told by the message', () => {
    const told = goodRun().sqliteError('host', 'ERR_SQLITE_ERROR', { message: 'database is locked' });
    expect(codesOf(judged(told))).toEqual(['busy']);
  });
});
