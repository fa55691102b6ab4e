/**
 * Claim:  the CI workflow runs every share of both suites, demands what they need, and keeps the results of each machine.
 * Method: the workflow is read as YAML and its matrix multiplied out; the runner's own parser reads the shards.
 * Red as: a share that no machine runs, an artifact that two machines write. Not claimed: that GitHub accepts every action.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { PROJECT_ROOT } from '../engine/shared/project-root.ts';
import { parseShard } from './runner/arguments.ts';

interface Step {
  uses?: string;
  run?: string;
  if?: string;
  env?: Record<string, string>;
  with?: Record<string, unknown>;
}

interface Job {
  needs?: string;
  if?: string;
  strategy?: { 'fail-fast': boolean; matrix: { suite: string[]; shard: string[] } };
  steps: Step[];
}

const workflow = parse(readFileSync(join(PROJECT_ROOT, '.github/workflows/ci.yml'), 'utf8')) as {
  jobs: Record<'check' | 'suite' | 'results', Job>;
};
const { check, suite, results } = workflow.jobs;
const scripts = (
  JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
).scripts;

test('every share of both suites has a machine, whatever another one finds', () => {
  const { suite: suites = [], shard: shards = [] } = suite.strategy?.matrix ?? {};
  expect(suites).toEqual(['test', 'test:long']);
  for (const name of suites) expect(Object.keys(scripts)).toContain(name);
  expect(shards.map(parseShard)).toEqual(shards.map((_, index) => ({ index: index + 1, count: shards.length })));
  expect(suite.strategy?.['fail-fast']).toBe(false);
});

test('a machine runs its share, and a missing daemon or browser is a failure', () => {
  const step = suite.steps.find(({ run }) => run?.includes('--shard'));
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the workflow's own.
  expect(step?.run).toBe('npm run ${{ matrix.suite }} -- --shard ${{ matrix.shard }}');
  expect(step?.env).toEqual({ WALPROOF_REQUIRE: 'docker,browser' });
});

test('results are kept when the suite fails, each machine has its own, and they end up in one place', () => {
  const upload = suite.steps.find(({ uses }) => uses?.startsWith('actions/upload-artifact@'));
  expect(upload?.if).toBe('always()');
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the workflow's own.
  expect(upload?.with?.['name']).toBe('runs-${{ strategy.job-index }}');
  expect([results.needs, results.if]).toEqual(['suite', 'always()']);
  const merge = results.steps.find(({ uses }) => uses?.startsWith('actions/upload-artifact/merge@'));
  expect(merge?.with).toMatchObject({ pattern: 'runs-*', 'separate-directories': true });
});

test('types, lint and format are checked once', () => {
  const checks = (job: Job) => job.steps.filter(({ run }) => run === 'npm run check').length;
  expect([check, suite, results].map(checks)).toEqual([1, 0, 0]);
});
