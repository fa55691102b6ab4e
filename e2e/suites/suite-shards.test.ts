/**
 * Claim:  `npm test -- --shard i/n` on n machines runs each test file exactly once, whatever each machine has installed, the
 *         shares are of about the same length, and no machine's results take the place of another's.
 * Method: vitest's own listing under the project's own configuration, with and without Docker and a browser; the pure
 *         functions behind it; the real runner on two small files and on arguments that make no sense.
 * Red as: a file in two shares or in none, two shares that write one file, a bad shard that runs something. Not claimed:
 *         that the recorded times are those of the machine at hand.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { PROJECT_ROOT } from '../engine/shared/project-root.ts';
import { parseShard, resultFiles, suiteArguments } from './runner/arguments.ts';
import { readRecord, recordSeconds, secondsFrom } from './runner/file-seconds.ts';
import { shareOut } from './runner/share-out.ts';
import { testFiles } from './runner/test-files.ts';

const VITEST = fileURLToPath(new URL('./vitest.mjs', import.meta.resolve('vitest/package.json')));
const RUNNER = join(PROJECT_ROOT, 'e2e/suites/run.mjs');
/** Two files that need nothing and take no time. */
const SMALL = ['check-wal-mode', 'check-integrity'];
/** No daemon answers there, so the runner builds no images. */
const NO_DOCKER = 'unix:///nowhere/engine.sock';

interface Ended {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

async function node(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  const ended = Promise.withResolvers<Ended>();
  // This file's own settings are not those of the run inside it.
  const { WALPROOF_SHARD, WALPROOF_SUITE, WALPROOF_REQUIRE, VITEST: _, ...own } = process.env;
  const child = spawn(process.execPath, args, { cwd: PROJECT_ROOT, env: { ...own, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  child.once('error', ended.reject);
  child.once('close', (exitCode) => ended.resolve({ exitCode, stdout, stderr }));
  return ended.promise;
}

/** What vitest itself says that it would run. */
async function listed(env: NodeJS.ProcessEnv, ...args: string[]): Promise<string[]> {
  const config = join(PROJECT_ROOT, 'e2e/suites/vitest.config.ts');
  const { exitCode, stdout, stderr } = await node(
    [VITEST, 'list', '--filesOnly', '--json', '--config', config, ...args],
    env,
  );
  expect([exitCode, stderr]).toEqual([0, '']);
  const files = JSON.parse(stdout) as { file: string }[];
  return files.map(({ file }) => file.slice(PROJECT_ROOT.length)).sort();
}

const EVERYTHING = { WALPROOF_ENGINES: 'process,docker', WALPROOF_BROWSER: '/usr/bin/chromium' };
const PROCESS_ONLY = { WALPROOF_ENGINES: 'process', WALPROOF_BROWSER: '' };

describe('what vitest lists', () => {
  test.each([
    { length: 'short', count: 3 },
    { length: 'long', count: 2 },
  ] as const)('the $length suite in $count shares is the whole suite, each file once', async ({ length, count }) => {
    const env = { ...EVERYTHING, WALPROOF_SUITE: length };
    const shares: string[][] = [];
    for (let index = 1; index <= count; index++) shares.push(await listed(env, `--shard=${index}/${count}`));
    const whole = await listed(env);
    expect(shares.flat().sort()).toEqual(whole);
    expect(whole).toEqual(testFiles(PROJECT_ROOT, length).sort());
    expect(Math.min(...shares.map((share) => share.length))).toBeGreaterThan(0);
  });

  test('a machine without Docker and browser has the same share, less what it cannot run', async () => {
    const all = await listed({ ...EVERYTHING, WALPROOF_SUITE: 'short' }, '--shard=2/3');
    const few = await listed({ ...PROCESS_ONLY, WALPROOF_SUITE: 'short' }, '--shard=2/3');
    expect(few).toEqual(all.filter((file) => !/docker|browser/.test(file)));
    expect(few.length).toBeLessThan(all.length);
  });

  test('files that are named are shared out too', async () => {
    const shares = [1, 2].map((index) => listed({ ...EVERYTHING }, ...SMALL, `--shard=${index}/2`));
    const [first, second] = await Promise.all(shares);
    expect([...(first ?? []), ...(second ?? [])].sort()).toEqual(
      SMALL.map((name) => `e2e/suites/${name}.test.ts`).sort(),
    );
    expect(first).toHaveLength(1);
  });
});

describe('shares', () => {
  test('what takes longest goes first, to the machine with least', () => {
    const seconds: Record<string, number> = { a: 5, b: 4, c: 3, d: 3, e: 3 };
    expect(shareOut(Object.keys(seconds), (file) => seconds[file] ?? 0, 2)).toEqual([
      ['a', 'd'],
      ['b', 'c', 'e'],
    ]);
  });

  test('do not depend on the order of the listing', () => {
    const files = testFiles(PROJECT_ROOT, 'short');
    const seconds = secondsFrom({});
    expect(shareOut(files.toReversed(), seconds, 4)).toEqual(shareOut(files, seconds, 4));
    expect(shareOut([...files, ...files], seconds, 4)).toEqual(shareOut(files, seconds, 4));
  });

  test.each(['short', 'long'] as const)('of the %s suite differ by less than its longest file', (length) => {
    const secondsOf = secondsFrom(readRecord());
    const files = testFiles(PROJECT_ROOT, length);
    const sums = shareOut(files, secondsOf, 3).map((share) => share.reduce((sum, file) => sum + secondsOf(file), 0));
    expect(Math.max(...sums) - Math.min(...sums)).toBeLessThanOrEqual(Math.max(...files.map(secondsOf)));
  });

  test('go by the record where it knows a file, and forget a file that is gone', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'walproof-seconds-')), 'seconds.json');
    const file = 'e2e/suites/check-wal-mode.test.ts';
    recordSeconds([{ file, seconds: 1 }], path);
    recordSeconds(
      [
        { file, seconds: 7.5 },
        { file: 'e2e/suites/gone.test.ts', seconds: 1 },
      ],
      path,
    );
    expect(readRecord(path)).toEqual({ [file]: 7.5 });
    expect(secondsFrom(readRecord(path))(file)).toBe(7.5);
    expect(secondsFrom({})('e2e/suites/engine-docker.test.ts')).toBeGreaterThan(secondsFrom({})(file));
  });
});

describe('arguments', () => {
  test.each([
    { typed: [], is: { length: 'short', shard: null, record: false, passedOn: [] } },
    { typed: ['--shard', '1/3'], is: { length: 'short', shard: { index: 1, count: 3 }, passedOn: ['--shard=1/3'] } },
    {
      typed: ['--long', '--shard=2/3'],
      is: { length: 'long', shard: { index: 2, count: 3 }, passedOn: ['--shard=2/3'] },
    },
    { typed: ['check-', '--record'], is: { length: 'any', shard: null, record: true, passedOn: ['check-'] } },
  ])('$typed', ({ typed, is }) => {
    expect(suiteArguments(typed)).toMatchObject(is);
  });

  test.each(['', '1', '0/3', '4/3', '1/0', '-1/3', '1/3x', '1.5/3', '1/1001', 'a/b', '1/3/3'])(
    'a shard "%s" is refused',
    (text) => {
      expect(() => parseShard(text)).toThrow(/expected --shard once, as .* seen/);
    },
  );

  test('each part of the suite has results of its own', () => {
    const parts = (['short', 'long'] as const).flatMap((length) =>
      [null, { index: 1, count: 2 }, { index: 1, count: 3 }, { index: 2, count: 3 }].map((shard) => ({
        length,
        shard,
      })),
    );
    const files = parts.flatMap(({ length, shard }) => Object.values(resultFiles('runs', length, shard)));
    expect(new Set(files).size).toBe(parts.length * 2);
    expect(resultFiles('runs', 'short', null)).toEqual({ junit: 'runs/junit.xml', json: 'runs/tests.json' });
  });
});

describe('the runner', () => {
  test.each([[['--shard', '4/3']], [['--long', '--shard=x']], [['--shard']], [['--shard', '1/2', '--shard', '2/2']]])(
    'refuses %j on one line, and runs nothing',
    async (args) => {
      const results = join(mkdtempSync(join(tmpdir(), 'walproof-shard-')), 'results');
      const { exitCode, stdout, stderr } = await node([RUNNER, ...args], { WALPROOF_RESULTS: results });
      expect(exitCode).toBe(64);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^walproof: expected --shard once, .* \[USAGE\]\nnext: .*\n$/);
      expect(existsSync(results)).toBe(false);
    },
  );

  test('two shares leave their results side by side, and each says where its seconds went', async () => {
    const results = mkdtempSync(join(tmpdir(), 'walproof-shard-'));
    const ran: string[] = [];
    for (const shard of ['1/2', '2/2']) {
      const env = { WALPROOF_RESULTS: results, DOCKER_HOST: NO_DOCKER };
      const { exitCode, stdout } = await node([RUNNER, ...SMALL, '--shard', shard], env);
      expect(exitCode).toBe(0);
      expect(stdout).toContain(`shard ${shard}: the other shares were not run here`);
      const json = join(results, `tests-${shard.replace('/', '-of-')}.json`);
      const { files } = JSON.parse(readFileSync(json, 'utf8')) as {
        files: { file: string; seconds: number; share: number }[];
      };
      expect(files).toEqual([{ file: expect.any(String), seconds: expect.any(Number), share: 1 }]);
      expect(stdout).toMatch(
        /s of workers' time in 1 files, 100 % of it in the slowest 1:\n +\d+\.\d s {2}100\.0 % {2}e2e\/suites\/check-/,
      );
      ran.push(...files.map(({ file }) => file));
    }
    expect(ran.sort()).toEqual(SMALL.map((name) => `e2e/suites/${name}.test.ts`).sort());
    expect(readdirSync(results).sort()).toEqual(
      ['1-of-2', '2-of-2'].flatMap((part) => [`junit-${part}.xml`, `tests-${part}.json`]).sort(),
    );
  });
});
