/**
 * Goal:   whoever pastes a line of a log is led to the bug, and no bug is in the catalogue without what makes it useful.
 * Method: the catalogue itself; texts as they stand in logs and reports.
 */
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { REPRO_FINDING_CODES } from '../model/repro.ts';
import { FINDING_CODES } from '../model/verdict.ts';
import { explain } from '../repro/harness/explain.ts';
import { nearest } from '../repro/harness/nearest.ts';
import { candidatesFor, questionFor } from '../repro/harness/symptom.ts';
import { REPROS } from '../repro/index.ts';

/** Seconds that a repro may take; more where a timeout that cannot be made shorter is the point. */
const LONGEST_SECONDS = 20;
const WAITS_OUT_A_TIMEOUT = new Map([['recovery-locking-protocol', 45]]);

const names = REPROS.map(({ name }) => name);
const ranked = (text: string) => candidatesFor(text, REPROS).map(({ repro }) => repro.name);

describe('the catalogue', () => {
  test('every file of a bug is in the index, under its name, once', () => {
    const files = readdirSync(new URL('../repro/', import.meta.url)).filter((file) => file.endsWith('.ts'));
    const expected = files.filter((file) => file !== 'index.ts').map((file) => file.replace(/\.ts$/, ''));
    expect([...names].sort()).toEqual(expected.sort());
  });

  test.each(REPROS)('$name has sources, an expected finding, an engine, a measured time and a page', (repro) => {
    expect(repro.sources.length).toBeGreaterThan(0);
    for (const source of repro.sources) expect(source).toMatch(/^([\w.-]+\/[\w.-]+#\d+|https:\/\/\S+.*)$/);
    expect([...FINDING_CODES, ...REPRO_FINDING_CODES]).toContain(repro.expect);
    expect(repro.engines.length).toBeGreaterThan(0);
    expect(repro.seconds).toBeGreaterThan(0);
    expect(repro.seconds).toBeLessThanOrEqual(WAITS_OUT_A_TIMEOUT.get(repro.name) ?? LONGEST_SECONDS);
    expect(repro.elapsed === 'nothing is refused').toBe(repro.refusals.length === 0);
    const page = explain(repro);
    for (const part of [repro.title, repro.fix.slice(0, 40), 'mechanism', 'seed patch']) {
      expect(page.replace(/\s+/g, ' ')).toContain(part.replace(/\s+/g, ' '));
    }
    // What it promises to be seen is what the operator is told of.
    for (const { code } of repro.refusals) expect(repro.operatorSees).toContain(code);
  });
});

test.each(REPROS)('$name says who plays it, and why no service does where none does', (repro) => {
  expect(repro.cast).not.toBe('');
  expect(repro.whyProcesses !== undefined && repro.whyProcesses.length > 40).toBe(repro.playedBy === 'processes');
  const page = explain(repro).replace(/\s+/g, ' ');
  expect(page).toContain(`played by ${repro.playedBy}: `);
  expect(page.includes('why no service')).toBe(repro.playedBy === 'processes');
});

describe('a symptom leads to its bugs', () => {
  test('"database is locked" alone: the three that come at once and are reported most are on top, and the time is asked for', () => {
    const text = 'SqliteError: database is locked';
    expect(ranked(text).slice(0, 3)).toEqual(['upgrade-busy-snapshot', 'zero-timeout-client', 'wal-switch-race']);
    const question = questionFor(text, candidatesFor(text, REPROS));
    expect(question).toMatch(/How long .*at once: .*upgrade-busy-snapshot.*after the timeout: .*writer-hog/);
  });

  test.each<[string, string]>([
    ['SqliteError: database is locked\n  code: "SQLITE_BUSY_SNAPSHOT"', 'upgrade-busy-snapshot'],
    ['SqliteError: database is locked code: SQLITE_BUSY after 30004 ms while indexing in progress', 'writer-hog'],
    ['SQLITE_BUSY_RECOVERY: database is locked', 'busy-recovery-on-restart'],
    ['Error: database is locked\n    at openDatabase: PRAGMA journal_mode = WAL', 'wal-switch-race'],
    ['SqliteError: attempt to write a readonly database SQLITE_READONLY_ROLLBACK', 'hot-journal-readonly-reader'],
    ['attempt to write a readonly database (SQLITE_READONLY)', 'sidecar-owner-mismatch'],
    ['SqliteError: unable to open database file', 'ro-mount-wal'],
    ['SQLITE_FULL: database or disk is full', 'disk-full-volume'],
    ['ENOSPC: no space left on device, write', 'disk-full-volume'],
    ['FOREIGN KEY constraint failed', 'fk-enabled-on-legacy'],
    ['UNIQUE constraint failed: messages_out.seq', 'seq-alloc-race'],
    ['Knex: Timeout acquiring a connection. The pool is probably full.', 'zero-timeout-client'],
    ['container is unhealthy, no error in the log', 'event-loop-freeze'],
    ['the -wal file is 115 GB', 'checkpoint-starvation'],
    ['lsof: app.db-wal (deleted)', 'in-process-copy-drops-locks'],
    ['search returns the same document nine times', 'fts-replace-duplicates'],
  ])('%s', (text, name) => {
    expect(ranked(text)[0]).toBe(name);
  });

  test('a time in the text answers the question, and moves those that fit it up', () => {
    const text = 'SqliteError: database is locked after 5003 ms';
    const candidates = candidatesFor(text, REPROS);
    expect(candidates[0]?.repro.elapsed).toBe('after the timeout');
    expect(questionFor(text, candidates)).toBeNull();
  });

  test('a text that has nothing to do with it leads nowhere', () => {
    expect(ranked('TypeError: Cannot read properties of undefined')).toEqual([]);
    expect(ranked('')).toEqual([]);
  });
});

test('the nearest names to a mistyped one come first', () => {
  expect(nearest('wal-swich-race', names)[0]).toBe('wal-switch-race');
  expect(nearest('snapshot', names)[0]).toBe('upgrade-busy-snapshot');
  expect(nearest('', names)).toHaveLength(3);
});
