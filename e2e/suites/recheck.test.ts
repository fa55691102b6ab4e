/**
 * Goal: a saved run is judged again from its files alone; one that is not whole, not ours or not as written is refused.
 * Method: kept bundles of failing runs (see bundles/make.ts), and damaged copies of them, through the real command.
 */
import { execFile } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { RecheckDocument } from '../commands/recheck.ts';
import { formatSums, RECORDS, SUMS, sumOf } from '../report/sums.ts';
import type { VerdictDocument } from '../report/verdict-document.ts';
import { RECIPES } from './bundles/make.ts';

const CLI = fileURLToPath(new URL('../cli.ts', import.meta.url));
const BUNDLES = fileURLToPath(new URL('./bundles/', import.meta.url));
const LARGEST_BYTES = 200_000;
const scratch = mkdtempSync(join(tmpdir(), 'walproof-recheck-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Ended {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** With a daemon that cannot be reached: it must not be asked for. */
async function recheck(...args: string[]): Promise<Ended> {
  const ended = Promise.withResolvers<Ended>();
  const env = { ...process.env, DOCKER_HOST: 'unix:///nowhere/docker.sock' };
  execFile(process.execPath, [CLI, 'recheck', ...args], { env, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
    ended.resolve({ exitCode: Number(error?.code ?? 0), stdout, stderr }),
  );
  return ended.promise;
}

/** What fails, by service and check. */
function failing({ services }: VerdictDocument): string[] {
  return services.flatMap(({ name, checks }) =>
    checks.flatMap(({ check, findings }) =>
      findings
        .filter(({ code }) => code !== 'not-exercised')
        .map(({ code, message }) => `${name} ${check} ${code}: ${message}`),
    ),
  );
}

const stored = (bundle: string) => JSON.parse(readFileSync(join(bundle, 'verdict.json'), 'utf8')) as VerdictDocument;

let copies = 0;
function copyOf(name: string): string {
  const copy = join(scratch, `${++copies}`);
  cpSync(join(BUNDLES, name), copy, { recursive: true });
  return copy;
}

/** As a program that edits a bundle on purpose would leave it. */
async function signAgain(bundle: string): Promise<void> {
  const present = RECORDS.filter((name) => readdirSync(bundle).includes(name));
  const sums = await Promise.all(present.map(async (name) => [name, await sumOf(join(bundle, name))] as const));
  writeFileSync(join(bundle, SUMS), formatSums(new Map(sums)));
}

function rewrite(file: string, change: (text: string) => string): void {
  const text = readFileSync(file, 'utf8');
  expect(change(text)).not.toBe(text);
  writeFileSync(file, change(text));
}

describe.each(RECIPES)('the kept bundle $name', ({ name, codes }) => {
  const bundle = join(BUNDLES, name);

  test('is small, and holds no database and no log', () => {
    const files = readdirSync(bundle);
    expect(files.sort()).toEqual([...RECORDS, SUMS].sort());
    expect(files.reduce((sum, file) => sum + statSync(join(bundle, file)).size, 0)).toBeLessThan(LARGEST_BYTES);
  });

  test('is judged as it was, with the exit code of its verdict', async () => {
    const { exitCode, stdout, stderr } = await recheck(bundle, '--json');
    expect(stderr).toBe('');
    expect(exitCode).toBe(1);
    const document = JSON.parse(stdout) as RecheckDocument;
    expect(document.verdict).toBe('fail');
    expect(document.recheck.stored).toBe('fail');
    expect(failing(document)).toEqual(expect.arrayContaining(failing(stored(bundle))));
    const checks = new Set(stored(bundle).services.flatMap((service) => service.checks.map(({ check }) => check)));
    expect(document.recheck.differences.filter(({ check }) => checks.has(check))).toEqual([]);
    for (const code of codes) expect(failing(document).join('\n')).toContain(` ${code}: `);
  });
});

describe('what is no whole bundle is refused', () => {
  const [{ name } = { name: '' }] = RECIPES;

  test.each<[string, (copy: string) => string | void | Promise<void>, string, RegExp]>([
    ['a folder that is not there', () => join(scratch, 'absent'), 'BUNDLE_MISSING', /no folder with a run\.json/],
    ['a file', (copy) => join(copy, 'run.json'), 'BUNDLE_MISSING', /no folder with a run\.json/],
    [
      'a folder of something else',
      () => {
        const folder = join(scratch, 'other');
        mkdirSync(folder);
        writeFileSync(join(folder, 'run.json'), '{"tool":"other"}');
        return folder;
      },
      'BUNDLE_MISSING',
      /run\.json of walproof/,
    ],
    [
      'half a last line',
      (copy) => truncateSync(join(copy, 'history.jsonl'), statSync(join(copy, 'history.jsonl')).size - 20),
      'BUNDLE_TRUNCATED',
      /last line of history\.jsonl is not complete/,
    ],
    [
      'half a run.json',
      (copy) => truncateSync(join(copy, 'run.json'), 300),
      'BUNDLE_TRUNCATED',
      /run\.json is not complete JSON/,
    ],
    [
      'a missing history',
      (copy) => rmSync(join(copy, 'history.jsonl')),
      'BUNDLE_TRUNCATED',
      /history\.jsonl is missing/,
    ],
    ['a missing verdict', (copy) => rmSync(join(copy, 'verdict.json')), 'BUNDLE_TRUNCATED', /verdict\.json is missing/],
    [
      'a run that was killed',
      (copy) => rmSync(join(copy, SUMS)),
      'BUNDLE_TRUNCATED',
      /SHA256SUMS is missing, so the run did not come to its end/,
    ],
    [
      'a newer run.json',
      (copy) => rewrite(join(copy, 'run.json'), (text) => text.replace('"schemaVersion": 1', '"schemaVersion": 2')),
      'BUNDLE_TOO_NEW',
      /schemaVersion 1 or lower, seen 2/,
    ],
    [
      'a newer verdict.json',
      (copy) => rewrite(join(copy, 'verdict.json'), (text) => text.replace('"schemaVersion": 1', '"schemaVersion": 7')),
      'BUNDLE_TOO_NEW',
      /verdict\.json .* seen 7/,
    ],
    [
      'a verdict edited by hand',
      (copy) => rewrite(join(copy, 'verdict.json'), (text) => text.replaceAll('"fail"', '"pass"')),
      'BUNDLE_ALTERED',
      /verdict\.json .* edited or cut/,
    ],
    [
      'a call taken out',
      (copy) => rewrite(join(copy, 'history.jsonl'), (text) => text.slice(text.indexOf('\n') + 1)),
      'BUNDLE_ALTERED',
      /history\.jsonl/,
    ],
    [
      'an observation added',
      (copy) => appendFileSync(join(copy, 'observations.jsonl'), '{}\n'),
      'BUNDLE_ALTERED',
      /observations\.jsonl/,
    ],
    [
      'sums that cannot be read',
      (copy) => {
        rmSync(join(copy, SUMS));
        mkdirSync(join(copy, SUMS));
      },
      'BUNDLE_BROKEN',
      /expected to read SHA256SUMS of .*EISDIR/,
    ],
    ['sums that are none', (copy) => writeFileSync(join(copy, SUMS), 'x\n'), 'BUNDLE_ALTERED', /SHA256SUMS/],
    [
      'a record that is none, signed again',
      async (copy) => {
        appendFileSync(join(copy, 'history.jsonl'), '{"arm":"subject"}\n');
        await signAgain(copy);
      },
      'BUNDLE_BROKEN',
      /line \d+ of history\.jsonl .* service/,
    ],
    [
      'a record that a check cannot read, signed again',
      async (copy) => {
        appendFileSync(
          join(copy, 'observations.jsonl'),
          '{"arm":"subject","service":"nanoclaw","kind":"attestation","atMs":1}\n',
        );
        await signAgain(copy);
      },
      'BUNDLE_BROKEN',
      /readable by every check/,
    ],
    [
      'a run.json without demands, signed again',
      async (copy) => {
        rewrite(join(copy, 'run.json'), (text) => text.replace('"demands"', '"wishes"'));
        await signAgain(copy);
      },
      'BUNDLE_BROKEN',
      /demands/,
    ],
  ])('%s', async (_name, damage, code, message) => {
    const copy = copyOf(name);
    const path = (await damage(copy)) ?? copy;
    const { exitCode, stdout } = await recheck(path, '--json');
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string; next: string } };
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.next).not.toBe('');
    expect(exitCode).toBe(64);
  });
});

test('a verdict that does not follow from the records, signed again, is shown beside the one that does', async () => {
  const copy = copyOf('nanoclaw-swallowed-busy');
  rewrite(join(copy, 'verdict.json'), (text) =>
    text.replaceAll('"lost-write"', '"duplicate-write"').replaceAll('"verdict": "fail"', '"verdict": "pass"'),
  );
  await signAgain(copy);
  const { exitCode, stdout } = await recheck(copy);
  expect(stdout).toContain("differs from the run's own verdict (pass");
  expect(stdout).toContain('nanoclaw writes: then pass duplicate-write, now fail lost-write');
  expect(exitCode).toBe(1);
});

test('without a bundle the usage is shown', async () => {
  const { exitCode, stderr } = await recheck();
  expect(stderr).toContain("missing required argument 'bundle'");
  expect(exitCode).toBe(64);
});
