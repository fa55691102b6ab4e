/** Goal: a pipeline shows the verdict, and hostile text in it commands nothing. Method: findings with every sign that is special there. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tellPipeline } from '../commands/pipeline.ts';
import { type CheckResult, mergeVerdicts } from '../model/verdict.ts';
import { annotations, stepSummary } from '../report/github.ts';
import { junit } from '../report/junit.ts';
import { serviceVerdict, type VerdictDocument } from '../report/verdict-document.ts';
import { history } from './evidence-builder.ts';

const HOSTILE = 'a|b `c` <script>*d*</script>\n::error::e\r\n::stop-commands::x,y:z 100% \u202e[l](http://h) @all';

function documentOf(...checks: CheckResult[]): VerdictDocument {
  const service = serviceVerdict(history().ok('add-note', 'k', 'v').traffic(0, 1_000).evidence(), checks);
  const verdict = mergeVerdicts([service.verdict]);
  const head = {
    schemaVersion: 1 as const,
    tool: 'walproof' as const,
    version: '0.1.0',
    seed: 7,
    engine: 'process' as const,
  };
  return { ...head, verdict, durationMs: 1_000, bundle: '/runs/one', services: [service] };
}

const pass: CheckResult = { check: 'writes', verdict: 'pass', findings: [] };
const found = (verdict: 'fail' | 'unknown', message: string): CheckResult => ({
  check: 'no-busy',
  verdict,
  findings: [{ code: verdict === 'fail' ? 'busy' : 'not-exercised', message, evidence: [] }],
});

describe('annotations', () => {
  test('are an error for what fails, a warning for what is unknown, and none for a pass', () => {
    expect(annotations(documentOf(pass))).toEqual([]);
    expect(annotations(documentOf(pass, found('unknown', 'too little'), found('fail', 'refused')))).toEqual([
      '::error title=walproof%3A notes no-busy::busy: refused',
      '::warning title=walproof%3A notes no-busy::not-exercised: too little',
    ]);
  });

  test('are one line each, whatever a message holds', () => {
    const [line = ''] = annotations(documentOf(found('fail', HOSTILE)));
    expect(line).toMatch(/^::error title=[^:]*::busy: a\|b/);
    expect(line).not.toMatch(/[\n\r\u202e]/);
    expect(line).toContain('100%25');
  });

  test('are at most ten of a kind', () => {
    expect(annotations(documentOf(...Array.from({ length: 40 }, () => found('fail', 'refused')))).length).toBe(10);
  });
});

describe('the summary of a step', () => {
  test('is a table of services and checks, then the findings', () => {
    const text = stepSummary(documentOf(pass, found('fail', 'refused')));
    expect(text).toContain('## ❌ walproof failed\n');
    expect(text).toContain('| | notes (patched) |\n|---|---|\n| writes | ✅ pass |\n| no-busy | ❌ fail busy |\n');
    expect(text).toContain('- ❌ **notes** no-busy busy: refused\n');
    expect(stepSummary(documentOf(pass))).not.toContain('Findings');
  });

  test('shows hostile text as text, on its line', () => {
    const text = stepSummary(documentOf(found('fail', HOSTILE)));
    const line = text.split('\n').find((each) => each.startsWith('- ')) ?? '';
    expect(line).toContain('a\\|b \\`c\\` \\<script\\>\\*d\\*\\</script\\>');
    expect(line).toContain('\\[l\\](http://h) \\@all');
    expect(text).not.toMatch(/^::|[\r\u202e]|[^\\]<script/m);
  });
});

describe('telling a pipeline', () => {
  const summaryFile = () => {
    const folder = mkdtempSync(join(tmpdir(), 'walproof-summary-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    return join(folder, 'summary.md');
  };

  test('says nothing outside of one', async () => {
    const said: string[] = [];
    await tellPipeline(documentOf(found('fail', 'refused')), {}, (line) => said.push(line));
    expect(said).toEqual([]);
  });

  test('adds to the summary that is there, and annotates', async () => {
    const file = summaryFile();
    writeFileSync(file, 'before\n');
    const said: string[] = [];
    const env = { GITHUB_STEP_SUMMARY: file, GITHUB_ACTIONS: 'true' };
    await tellPipeline(documentOf(found('fail', 'refused')), env, (line) => said.push(line));
    expect(readFileSync(file, 'utf8')).toMatch(/^before\n## ❌ walproof failed\n/);
    expect(said).toEqual([expect.stringMatching(/^::error /)]);
  });

  test('a summary that cannot be written is said, and is no failure', async () => {
    const said: string[] = [];
    await tellPipeline(documentOf(pass), { GITHUB_STEP_SUMMARY: '/nowhere/summary.md' }, (line) => said.push(line));
    expect(said).toEqual([expect.stringMatching(/could not be written: ENOENT/)]);
  });
});

test('JUnit has a case for each claim: a failure for what fails, an error for what is unknown, with the findings as text', () => {
  const text = junit(documentOf(pass, found('fail', HOSTILE), found('unknown', 'too little')));
  expect(text).toContain('tests="3" failures="1" errors="1"');
  expect(text.match(/<testcase /g)?.length).toBe(3);
  expect(text).toContain('<error message="not-exercised">not-exercised: too little</error>');
  expect(text).toMatch(/<failure message="busy">busy: a\|b [^<]*&#60;script&#62;/);
  expect(text).not.toContain('<script');
});
