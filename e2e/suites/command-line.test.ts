/**
 * Goal: whatever is typed, the command answers with one clear message, the next step and the exit code of the design.
 * Method: the real command in a process of its own; with --json the error is a document on stdout.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const CLI = fileURLToPath(new URL('../cli.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'walproof-cli-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function module(name: string, text: string): string {
  const file = join(scratch, name);
  writeFileSync(file, text);
  return file;
}

interface Ended {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

interface Running {
  stderr(): string;
  signal(name: NodeJS.Signals): void;
  ended: Promise<Ended>;
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, [CLI, ...args], { cwd: ROOT, env: { ...process.env, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const ended = Promise.withResolvers<Ended>();
  child.once('close', (exitCode) => ended.resolve({ exitCode, stdout, stderr }));
  return { stderr: () => stderr, signal: (name) => child.kill(name), ended: ended.promise };
}

const walproof = (...args: string[]) => start(args).ended;

const out = ['--out', join(scratch, 'runs')];
const onProcess = ['--engine', 'process', ...out];
const broken = (file: string) => ['verify', 'nanoclaw', ...onProcess, '--db-module', `nanoclaw=${file}`];

describe('what cannot be meant is refused before anything starts', () => {
  test.each<[string, string[], number, RegExp]>([
    ['no command', [], 64, /Usage/],
    ['an unknown command', ['verfy'], 64, /unknown command 'verfy'/],
    ['an unknown flag', ['verify', '--fautls', 'kill'], 64, /unknown option '--fautls'/],
    ['an unknown service', ['verify', 'postgres', ...out], 64, /"postgres" is not a service.*\n.*nanoclaw, oracle-v2/],
    ['an unknown fault', ['verify', '--faults', 'melt', ...out], 64, /"melt" is not a fault.*\n.*restart, kill/],
    [
      'an unknown engine',
      ['verify', '--engine', 'podman', ...out],
      64,
      /"podman" is not an engine.*\n.*docker or process/,
    ],
    ['a seed that is no number', ['verify', '--seed', 'x'], 64, /--seed expects a whole number/],
    ['a duration without a unit', ['verify', '--duration', '10'], 64, /expected a time .* seen "10"/],
    ['no clients', ['verify', '--clients', '0'], 64, /--clients expects a whole number from 1/],
    [
      'a db module without a service',
      ['verify', ...onProcess, '--db-module', 'x.ts'],
      64,
      /--db-module expects <service>=<file.ts>/,
    ],
    [
      'a db module of a service not in the run',
      ['verify', 'nanoclaw', ...onProcess, '--db-module', 'oracle-v2=x.ts'],
      64,
      /services of this run: nanoclaw/,
    ],
    ['a db module that is missing', broken('/nowhere/db.ts'), 64, /expected a db module at \/nowhere\/db\.ts/],
    ['a db module that is a folder', broken(scratch), 64, /it is not a file/],
    [
      'a db module that does not compile',
      broken(module('syntax.ts', 'export const = 1;')),
      64,
      /syntax\.ts[\s\S]*next:[\s\S]*SyntaxError/,
    ],
    [
      'a db module that lacks an export',
      broken(module('lacks.ts', 'export function initDatabase() {}')),
      64,
      /lacks: [\s\S]*storeMessage/,
    ],
    [
      'a db module that throws when imported',
      broken(module('throws.ts', 'throw new Error("no such disk");')),
      64,
      /no such disk/,
    ],
  ])('%s', async (_name, args, exitCode, message) => {
    const ended = await walproof(...args);
    expect(ended.stderr).toMatch(message);
    expect(ended.stderr).not.toMatch(/node_modules\/commander/);
    expect(ended.exitCode).toBe(exitCode);
    expect(ended.stdout).toBe('');
  });

  test('with --json the error is one document on stdout', async () => {
    const { stdout, exitCode } = await walproof('verify', 'postgres', '--json');
    expect(exitCode).toBe(64);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'UNKNOWN_SERVICE', next: expect.stringContaining('nanoclaw') },
    });
  });

  test('docker asked for by name without a daemon is exit 69, and says what to do', async () => {
    const nowhere = { DOCKER_HOST: `unix://${join(scratch, 'no.sock')}` };
    const { stdout, exitCode } = await start(['verify', '--engine', 'docker', '--json', ...out], nowhere).ended;
    expect(exitCode).toBe(69);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'ENGINE_UNAVAILABLE', next: expect.stringMatching(/./) },
    });
  });

  test('a folder for bundles that cannot be made', async () => {
    const { stderr, exitCode } = await walproof(
      'verify',
      'nanoclaw',
      '--engine',
      'process',
      '--out',
      join(module('a-file.ts', ''), 'runs'),
    );
    expect(exitCode).toBe(64);
    expect(stderr).toMatch(/run bundle .* could not be written[\s\S]*--out/);
  });
});

test('doctor names each condition with its state and next step', async () => {
  const { stdout, exitCode } = await walproof('doctor', '--json');
  expect(exitCode).toBe(0);
  const { checks } = JSON.parse(stdout) as { checks: { name: string; ok: boolean; next: string | null }[] };
  expect(checks.map((check) => check.name)).toEqual([
    'node',
    'system',
    'daemon',
    'compose',
    'image',
    'filesystem',
    'disk',
    'ports',
  ]);
  for (const { ok, next } of checks) expect(ok || next !== null).toBe(true);
});

describe('Ctrl-C', () => {
  const leftBehind = () => readdirSync(tmpdir()).filter((name) => /^walproof-\d{8}-/.test(name));

  test.each(['starting', 'traffic', 'restart nanoclaw', 'kill agent-1', 'kill all', 'final read'])(
    'in phase "%s" ends the run in order and leaves nothing',
    async (phase) => {
      const before = leftBehind();
      const running = start(['verify', 'nanoclaw', ...onProcess, '--seed', '5', '--duration', '1s', '--no-control']);
      await expect
        .poll(() => running.stderr(), { timeout: 60_000, interval: 20 })
        .toMatch(new RegExp(`subject +nanoclaw +${phase}`));
      running.signal('SIGINT');
      const { exitCode, stderr } = await running.ended;
      expect(stderr).toMatch(/interrupted by SIGINT \[INTERRUPTED\]\nnext: /);
      expect(exitCode).toBe(130);
      expect(leftBehind().filter((name) => !before.includes(name))).toEqual([]);
    },
  );
});
