/**
 * Goal: whatever is typed, the command answers with one clear message, the next step and the exit code of the design.
 * Method: the real command in a process of its own; with --json the error is a document on stdout.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { PROJECT_ROOT } from '../engine/shared/project-root.ts';
import { FAULTS } from '../faults/index.ts';
import { start, walproof } from './command.ts';

/** What Ctrl-C interrupts is killed, not waited for; on a loaded machine that takes a moment. */
const SOON_MS = 8_000;
const scratch = mkdtempSync(join(tmpdir(), 'walproof-cli-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function module(name: string, text: string): string {
  const file = join(scratch, name);
  writeFileSync(file, text);
  return file;
}

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
    ['a fault no times at all', ['verify', '--faults', 'kill*0', ...out], 64, /at least 1 ms, seen "kill\*0"/],
    [
      'a schedule longer than the duration',
      ['verify', '--faults', 'restart,kill*6@2s', '--duration', '10s', ...out],
      64,
      /kill to fit into 10000 ms of traffic, but 6 × 2000 ms are 12000 ms \[FAULT_SCHEDULE\]\nnext: run longer \(--duration 12s\)/,
    ],
    [
      'a fault that the engine cannot do',
      ['verify', '--faults', 'kill,oom', ...onProcess],
      69,
      /process engine cannot do oom: .*control group.*\[FAULT_UNAVAILABLE\]\nnext: use --engine docker, which can/,
    ],
    [
      'a fault that no engine can do',
      ['verify', '--faults', 'read-only-remount*2', ...onProcess],
      69,
      /EBUSY.*\[FAULT_UNAVAILABLE\]\nnext: leave read-only-remount out/,
    ],
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
    const { stdout, exitCode } = await start(['verify', '--engine', 'docker', '--json', ...out], { env: nowhere })
      .ended;
    expect(exitCode).toBe(69);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { code: 'ENGINE_UNAVAILABLE', next: expect.stringMatching(/./) },
    });
  });

  test('up without a daemon is exit 69, and says what to do', async () => {
    const nowhere = { DOCKER_HOST: `unix://${join(scratch, 'no.sock')}` };
    const { exitCode, stdout, stderr } = await start(['up', '--json'], { env: nowhere }).ended;
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'ENGINE_UNAVAILABLE' } });
    expect(stderr).not.toMatch(/^ +at /m);
    expect(exitCode).toBe(69);
  });

  test.each([
    ['--rate', '0', /--rate expects a whole number from 1/],
    ['--seed', 'x', /--seed expects a whole number from 0/],
  ])('up %s %s', async (flag, value, message) => {
    const { exitCode, stderr } = await walproof('up', flag, value);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(64);
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

test('a command that asks no daemon loads no client of one', async () => {
  const tell = `import { registerHooks } from 'node:module';
    registerHooks({ load(url, context, next) { console.error('loaded', url); return next(url, context); } });`;
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(tell)}` };
  const { stderr, exitCode } = await start(['verify', 'postgres', '--engine', 'process'], { env }).ended;
  expect(exitCode).toBe(64);
  const packages = new Set(Array.from(stderr.matchAll(/^loaded .*node_modules\/(@?[\w.-]+)/gm), ([, name]) => name));
  expect(packages).toContain('commander');
  for (const heavy of ['dockerode', 'ssh2', '@grpc', 'testcontainers']) expect(packages).not.toContain(heavy);
});

test.each([[['verify', '--help']], [['help', 'soak']]])('%j names every fault', async (args) => {
  const { stdout, exitCode } = await walproof(...args);
  expect(exitCode).toBe(0);
  const words = new Set(stdout.split(/[\s,]+/));
  expect(FAULTS.filter(({ name }) => !words.has(name))).toEqual([]);
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
  test.each([
    ['starting', 'none'],
    ['traffic', 'none'],
    ['restart nanoclaw', 'restart'],
    ['kill agent-1', 'kill'],
    ['kill all', 'kill*1'],
    ['final read', 'kill*1'],
  ])('in phase "%s" ends the run in order, soon, and leaves nothing', async (phase, faults) => {
    // A place of its own, so that nothing in it is anybody else's.
    const place = mkdtempSync(join(scratch, 'tmp-'));
    const asked = [
      'verify',
      'nanoclaw',
      ...onProcess,
      '--seed',
      '5',
      '--duration',
      '1s',
      '--no-control',
      '--faults',
      faults,
    ];
    const running = start(asked, { env: { TMPDIR: place } });
    await expect
      .poll(() => running.stderr(), { timeout: 60_000, interval: 20 })
      .toMatch(new RegExp(`subject +nanoclaw +${phase}`));
    running.signal('SIGINT');
    const signalledAt = performance.now();
    const { exitCode, stderr } = await running.ended;
    expect(performance.now() - signalledAt).toBeLessThan(SOON_MS);
    expect(stderr).toMatch(/interrupted by SIGINT \[INTERRUPTED\]\nnext: /);
    expect(exitCode).toBe(130);
    expect(readdirSync(place)).toEqual([]);
  });

  test.each([
    ['the program', []],
    ['a Node that launched it', [process.execPath]],
  ])('sent to %s alone, without a terminal, reaches the command', async (_, by) => {
    const place = mkdtempSync(join(scratch, 'tmp-'));
    const args = ['verify', 'nanoclaw', ...onProcess, '--duration', '1s', '--no-control', '--faults', 'none'];
    const [command = '', ...rest] = [...by, join(PROJECT_ROOT, 'e2e/walproof.mjs'), ...args];
    const launcher = spawn(command, rest, {
      env: { ...process.env, TMPDIR: place },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    launcher.stderr.on('data', (data) => {
      stderr += data;
    });
    await expect.poll(() => stderr, { timeout: 30_000, interval: 20 }).toMatch(/subject +nanoclaw +starting/);
    launcher.kill('SIGINT');
    const [exitCode] = await once(launcher, 'close');
    expect(exitCode).toBe(130);
    expect(readdirSync(place)).toEqual([]);
  });
});
