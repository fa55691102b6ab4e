/**
 * Goal: `walproof report` writes a run's report anew, compares runs, and refuses what recheck refuses. Method: the kept bundles of
 * failing runs, and damaged copies, through the real command.
 */
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { ComparisonDocument } from '../report/compare.ts';
import { walproof } from './command.ts';

const BUNDLES = join(import.meta.dirname, 'bundles');
const scratch = mkdtempSync(join(tmpdir(), 'walproof-report-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let copies = 0;
function copyOf(name: string): string {
  const copy = join(scratch, `${++copies}`);
  cpSync(join(BUNDLES, name), copy, { recursive: true });
  return copy;
}

test('one bundle: its report is written into it, its path printed, and its records are as they were', async () => {
  const bundle = copyOf('nanoclaw-swallowed-busy');
  const { exitCode, stdout, stderr } = await walproof('report', bundle, '--json');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const page = readFileSync(join(bundle, 'report.html'), 'utf8');
  expect(JSON.parse(stdout)).toEqual({ bundle, report: join(bundle, 'report.html'), bytes: Buffer.byteLength(page) });
  expect(page).toContain('lost-write');
  expect((await walproof('recheck', bundle)).exitCode).toBe(1);
});

test('two bundles: checks that changed and figures then and now, in a table, a document and a page', async () => {
  const bundles = [copyOf('nanoclaw-unpatched'), copyOf('nanoclaw-swallowed-busy')];
  const html = join(scratch, 'comparison.html');
  const { exitCode, stdout } = await walproof('report', ...bundles, '--html', html, '--json');
  expect(exitCode).toBe(0);
  const document = JSON.parse(stdout) as ComparisonDocument;
  expect(document.runs.map(({ bundle }) => bundle)).toEqual(bundles);
  const checks = document.services[0]?.checks ?? [];
  expect(checks.find(({ check }) => check === 'wal-mode')).toEqual({
    check: 'wal-mode',
    results: [
      { verdict: 'fail', codes: ['journal-mode-not-wal'] },
      { verdict: 'pass', codes: [] },
    ],
    changed: true,
  });
  expect(checks.find(({ check }) => check === 'integrity')?.changed).toBe(false);
  expect(readFileSync(html, 'utf8')).toContain('Not the same');
  const { stdout: text } = await walproof('report', ...bundles);
  expect(text).toMatch(/≠ wal-mode +│ fail journal-mode-not-wal +│ pass/);
  expect(text).toMatch(/changed: nanoclaw wal-mode/);
  expect(text).toMatch(/p99 +│ [\d.]+ ms +│ [\d.]+ ms \([+-]?\d+ %\)/);
});

describe('what is no whole bundle is refused, alone or beside others', () => {
  test.each<[string, (copy: string) => string | undefined, string]>([
    ['a folder that is not there', () => join(scratch, 'absent'), 'BUNDLE_MISSING'],
    ['a run that did not end', (copy) => void rmSync(join(copy, 'SHA256SUMS')), 'BUNDLE_TRUNCATED'],
    ['records that were edited', (copy) => void appendFileSync(join(copy, 'history.jsonl'), '{}\n'), 'BUNDLE_ALTERED'],
    [
      'a newer version',
      (copy) => void writeFileSync(join(copy, 'run.json'), '{"tool":"walproof","schemaVersion":99}\n'),
      'BUNDLE_TOO_NEW',
    ],
  ])('%s', async (_, damage, code) => {
    const copy = copyOf('nanoclaw-unpatched');
    const damaged = damage(copy) ?? copy;
    const ended = await walproof('report', copyOf('nanoclaw-unpatched'), damaged, '--json');
    expect(ended.exitCode).toBe(64);
    expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code } });
    expect(existsSync(join(damaged, 'report.html'))).toBe(false);
  });

  test('a page that cannot be written', async () => {
    const { exitCode, stderr } = await walproof(
      'report',
      copyOf('nanoclaw-unpatched'),
      '--html',
      '/nowhere/report.html',
    );
    expect(exitCode).toBe(64);
    expect(stderr).toMatch(/could not be written: ENOENT.*\[USAGE\]\nnext: choose another file with --html/);
  });
});
