import { describe, expect, it } from 'vitest';
import { sidecars } from '../check/sidecars.ts';
import type { DatabaseState } from '../model/observation.ts';
import type { FindingCode } from '../model/verdict.ts';
import { check, codesOf, goodRun, type History, history } from './evidence-builder.ts';

const judged = (told: History) => check(sidecars, told);
const opened = () => history().started('host').attested('host').sidecars('open', 'wal', 'shm');

type Files = ('wal' | 'shm' | 'journal')[];
const MISSING: FindingCode[] = ['sidecar-missing'];
const UNEXPECTED: FindingCode[] = ['sidecar-unexpected'];

describe('sidecars', () => {
  it.each([
    ['open', ['wal', 'shm'], []],
    ['open', ['wal'], MISSING],
    ['open', ['shm'], MISSING],
    ['open', [], MISSING],
    ['open', ['wal', 'shm', 'journal'], UNEXPECTED],
    ['open', ['journal'], [...MISSING, ...UNEXPECTED]],
    ['stopped', [], []],
    ['stopped', ['wal'], UNEXPECTED],
    ['stopped', ['shm'], UNEXPECTED],
    ['stopped', ['wal', 'shm'], UNEXPECTED],
    ['stopped', ['journal'], UNEXPECTED],
    ['killed', ['wal', 'shm'], []],
    ['killed', ['wal'], MISSING],
    ['killed', [], MISSING],
    ['killed', ['wal', 'shm', 'journal'], UNEXPECTED],
    ['restarted', ['wal', 'shm'], []],
    ['restarted', ['shm'], MISSING],
    ['restarted', [], MISSING],
    ['restarted', ['wal', 'shm', 'journal'], UNEXPECTED],
  ] as [DatabaseState, Files, FindingCode[]][])('while %s with %j beside it gives %j', (state, files, codes) => {
    expect(codesOf(judged(opened().sidecars(state, ...files)))).toEqual(codes);
  });

  it('counts an empty -wal as present', () => {
    expect(judged(opened().but('sidecars', () => ({ walBytes: 0 }))).verdict).toBe('pass');
  });

  it('makes one finding of many looks that show the same', () => {
    const told = opened();
    for (let i = 0; i < 100; i++) told.sidecars('open', ...(i % 2 === 0 ? (['wal'] as const) : []));
    const result = judged(told);
    expect(codesOf(result)).toEqual(['sidecar-missing']);
    expect(result.findings[0]?.message).toContain('seen -shm, -wal missing in 100 of 101 looks');
    expect(result.findings[0]?.evidence).toHaveLength(2);
  });

  it('shows the largest -wal', () => {
    expect(judged(opened()).figures).toEqual({ looks: 1, maxWalBytes: 4_096, uncleanCloses: 0 });
  });
});

describe('looks owed', () => {
  const unseen = (told: History) => {
    const result = judged(told);
    expect(result.verdict).toBe('unknown');
    return result.findings.map((finding) => finding.message.split(':')[0]);
  };

  it('while open, always', () => {
    expect(unseen(history())).toEqual(['While the database is open, -wal and -shm exist']);
  });

  it('after the final stop', () => {
    expect(unseen(opened().stopped('host'))).toEqual(['After a clean stop of every process, -wal and -shm are gone']);
  });

  it('not after the stop of one process of two', () => {
    expect(judged(opened().started('agent').stopped('host')).verdict).toBe('pass');
  });

  it('not after the stop of the older of two incarnations of the only process', () => {
    const rolling = opened().started('host').closed('host', true, 1).exited('host', { incarnation: 1, exitCode: 0 });
    expect(judged(rolling).verdict).toBe('pass');
    expect(unseen(rolling.stopped('host'))).toEqual(['After a clean stop of every process, -wal and -shm are gone']);
  });

  it.each([
    ['by signal', (told: History) => told.killed('host')],
    ['by exit code 137, as Docker reports it', (told: History) => told.exited('host', { exitCode: 137 })],
  ])('after every process was killed, %s', (_how, kill) => {
    expect(unseen(kill(opened()))).toEqual(['After every process was killed, -wal and -shm are still there']);
  });

  it('neither as stopped nor as killed when one was stopped and the other killed', () => {
    expect(judged(opened().started('agent').killed('agent').stopped('host')).verdict).toBe('pass');
  });

  it('after a restart of everything', () => {
    const told = opened().killed('host').sidecars('killed', 'wal', 'shm').started('host');
    expect(unseen(told)).toEqual(['After a restart, -wal and -shm exist again']);
    expect(judged(told.sidecars('open', 'wal', 'shm')).verdict).toBe('pass');
  });

  it('once per state, however often it came', () => {
    const told = opened().stopped('host').sidecars('stopped');
    for (let i = 0; i < 3; i++)
      told.started('host').attested('host').sidecars('restarted', 'wal', 'shm').stopped('host');
    expect(judged(told).verdict).toBe('pass');
  });

  it('of one state are not owed again when it comes again', () => {
    const told = opened();
    for (let i = 0; i < 2; i++) {
      told.killed('host').sidecars('killed', 'wal', 'shm').started('host').attested('host');
      if (i === 0) told.sidecars('restarted', 'wal', 'shm');
    }
    expect(judged(told).verdict).toBe('pass');
  });

  it('after a restart only when there was one', () => {
    expect(unseen(history().started('host').stopped('host').sidecars('stopped'))).toEqual([
      'While the database is open, -wal and -shm exist',
    ]);
  });

  it('at the moment of the restart count', () => {
    const told = opened().killed('host').sidecars('killed', 'wal', 'shm').at(50).started('host').at(50);
    expect(judged(told.sidecars('open', 'wal', 'shm')).verdict).toBe('pass');
  });

  it('are judged after a kill when a connection was opened since the last stop', () => {
    const told = opened().stopped('host').sidecars('stopped').started('host').at(50).attested('host').killed('host');
    expect(codesOf(judged(told.at(50).sidecars('killed')))).toContain('sidecar-missing');
  });

  it('not of a database that was killed before any connection was opened', () => {
    const told = opened().stopped('host').sidecars('stopped').started('host').killed('host').sidecars('killed');
    told.started('host').attested('host').sidecars('restarted', 'wal', 'shm');
    expect(codesOf(judged(told))).toEqual(['not-exercised']);
  });

  it('are not made good by a look before', () => {
    const told = goodRun().started('host').attested('host');
    expect(unseen(told)).toEqual(['After a restart, -wal and -shm exist again']);
  });
});

describe('closes', () => {
  const stopped = (clean: boolean) =>
    opened().closed('host', clean).exited('host', { exitCode: 0 }).sidecars('stopped');

  it('are seen when they were given up, although the files are gone', () => {
    expect(codesOf(judged(stopped(false)))).toEqual(['unclean-close']);
    expect(judged(stopped(true)).verdict).toBe('pass');
  });

  it('are named with the start they belong to, however many there were', () => {
    const told = stopped(true);
    for (let i = 0; i < 2; i++)
      told
        .started('host')
        .attested('host')
        .sidecars('restarted', 'wal', 'shm')
        .closed('host', false)
        .exited('host', { exitCode: 0 });
    const result = judged(told);
    expect(result.findings[0]?.message).toContain('seen 2 given up (host (start 2), host (start 3))');
    expect(result.figures).toMatchObject({ uncleanCloses: 2 });
  });

  it('are unknown when a process with a connection ended in order and said nothing', () => {
    const result = judged(opened().exited('host', { exitCode: 0 }).sidecars('stopped'));
    expect(result.verdict).toBe('unknown');
    expect(result.findings[0]?.message).toContain('seen nothing from host (start 1)');
  });

  it('are not owed by a process that was killed, ended by itself or never had a connection', () => {
    expect(judged(opened().killed('host').sidecars('killed', 'wal', 'shm')).verdict).toBe('pass');
    expect(judged(opened().crashed('host')).verdict).toBe('pass');
    expect(judged(opened().started('agent').closed('agent', false).exited('agent', { exitCode: 0 })).verdict).toBe(
      'pass',
    );
  });
});
