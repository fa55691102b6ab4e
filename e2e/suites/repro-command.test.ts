/**
 * Goal:   whatever is typed after `walproof repro`, the answer is one clear message, the next step and the exit code of the
 *         design; and Ctrl-C leaves nothing.
 * Method: the real command in a process of its own.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

const CLI = fileURLToPath(new URL('../cli.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Its own, so that nobody else's folders are taken for what this left. */
const scratch = mkdtempSync(join(tmpdir(), 'walproof-repro-command-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const NO_DAEMON = { DOCKER_HOST: 'unix:///nowhere/walproof-no.sock' };

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [CLI, 'repro', ...args], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: scratch, ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const ended = new Promise<{ exitCode: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once('close', (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
  return { stderr: () => stderr, signal: (name: NodeJS.Signals) => child.kill(name), ended };
}

describe('what cannot be meant', () => {
  test.each<[string, string[], number, RegExp]>([
    ['nothing', [], 64, /expected the name of a repro.*\nnext: .*list/],
    [
      'an unknown name',
      ['wal-swich-race'],
      64,
      /"wal-swich-race" is not a repro.*\nnext: did you mean: wal-switch-race/,
    ],
    ['an unknown engine', ['wal-switch-race', '--engine', 'podman'], 64, /"podman" is not an engine/],
    ['--all with --keep', ['--all', '--keep'], 64, /--all goes with no name and not with --keep or --out/],
    [
      '--keep with more than one time',
      ['seq-alloc-race', '--keep', '--times', '2'],
      64,
      /--keep goes with one time only/,
    ],
    [
      'no times at all',
      ['seq-alloc-race', '--times', '0'],
      64,
      /--times expects a whole number from 1 to 1000, seen "0"/,
    ],
    ['an unknown flag', ['--al'], 64, /unknown option '--al'/],
    [
      'a symptom that matches nothing',
      ['--symptom', 'segmentation fault'],
      64,
      /no repro knows this text.*\nnext: paste/,
    ],
    [
      'an engine that cannot play it',
      ['ro-mount-wal', '--engine', 'process'],
      69,
      /cannot be played on the process engine.*\nnext: use --engine docker/,
    ],
    [
      'a bug whose engine is missing',
      ['ro-mount-wal'],
      69,
      /ro-mount-wal: needs the docker engine: there is no socket/,
    ],
    [
      'all of them without a daemon',
      ['--all'],
      69,
      /single-file-mount, sidecar-owner-mismatch, .*: needs the docker engine/,
    ],
  ])('%s', async (_name, args, exitCode, message) => {
    const ended = await start(args, NO_DAEMON).ended;
    expect(ended.stderr).toMatch(message);
    expect(ended.exitCode).toBe(exitCode);
    expect(ended.stdout).toBe('');
  });
});

test('list --json has an entry for each bug, with its sources and its finding', async () => {
  const { stdout, exitCode } = await start(['list', '--json']).ended;
  expect(exitCode).toBe(0);
  const { repros } = JSON.parse(stdout) as {
    repros: { sources: string[]; expect: string; seedPatch: string; playedBy: string }[];
  };
  expect(repros.length).toBeGreaterThanOrEqual(27);
  for (const repro of repros) {
    expect(repro.sources.length).toBeGreaterThan(0);
    expect(repro.expect).toMatch(/./);
    expect(repro.seedPatch).toMatch(/^(helps|causes|no-effect)$/);
    expect(repro.playedBy).toMatch(/^(nanoclaw|oracle-v2|processes)$/);
  }
});

test('--explain prints the page of a bug', async () => {
  const { stdout, exitCode } = await start(['wal-switch-race', '--explain']).ended;
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^wal-switch-race: [\s\S]*mechanism\n[\s\S]*seed patch\n {2}causes it: [\s\S]*sources\n/);
});

test('--symptom ranks, and asks for what tells the candidates apart', async () => {
  const { stdout, exitCode } = await start(['--symptom', 'SqliteError: database is locked']).ended;
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(
    /^1\. upgrade-busy-snapshot: [\s\S]*\n2\. zero-timeout-client: [\s\S]*\n3\. wal-switch-race: /,
  );
  expect(stdout).toMatch(/How long did the refused call take\?/);
});

test('a repro with --json is one document, and exit 0', async () => {
  const { stdout, exitCode } = await start(['seq-alloc-race', '--json']).ended;
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    name: 'seq-alloc-race',
    engine: 'process',
    without: { verdict: 'fail', findings: [{ code: 'constraint-violated' }] },
    with: { verdict: 'pass', findings: [] },
    reproduced: true,
    fixed: true,
    seconds: expect.any(Number),
    attempts: [{ outcome: 'held', reason: null, seconds: expect.any(Number) }],
  });
});

test('--times plays it so often, and says how each time ended', async () => {
  const { stdout, stderr, exitCode } = await start(['seq-alloc-race', '--times', '3', '--json']).ended;
  expect(exitCode).toBe(0);
  const { attempts } = JSON.parse(stdout) as { attempts: { outcome: string }[] };
  expect(attempts.map(({ outcome }) => outcome)).toEqual(['held', 'held', 'held']);
  expect(stderr).toContain('seq-alloc-race: 3 of 3');
});

describe('Ctrl-C', () => {
  const leftBehind = () => readdirSync(scratch).filter((name) => /^walproof-\d{8}-/.test(name));

  test.each([
    ['wal-switch-race', 'without the fix'],
    ['frozen-lock-holder', 'with the fix'],
  ])('in the middle of %s, %s, ends it in order and leaves nothing', async (name, side) => {
    const running = start([name]);
    await expect.poll(() => running.stderr(), { timeout: 60_000, interval: 10 }).toContain(`${name}: ${side}\n`);
    await expect.poll(() => leftBehind().length, { timeout: 10_000, interval: 5 }).toBeGreaterThan(0);
    running.signal('SIGINT');
    const { exitCode, stderr } = await running.ended;
    expect(stderr).toMatch(/interrupted by SIGINT \[INTERRUPTED\]\nnext: /);
    expect(exitCode).toBe(130);
    expect(leftBehind()).toEqual([]);
  });

  test('--keep says how to look into it, stays up until Ctrl-C, and then tells the outcome', async () => {
    const running = start(['seq-alloc-race', '--keep', '--json']);
    await expect.poll(() => running.stderr(), { timeout: 60_000, interval: 20 }).toMatch(/a connection of your own: /);
    const [, pid] = /host: pid (\d+)/.exec(running.stderr()) ?? [];
    expect(process.kill(Number(pid), 0)).toBe(true);
    expect(leftBehind()).toHaveLength(1);
    running.signal('SIGINT');
    const { exitCode, stdout } = await running.ended;
    expect(JSON.parse(stdout)).toMatchObject({ reproduced: true, fixed: true });
    expect(exitCode).toBe(0);
    expect(() => process.kill(Number(pid), 0)).toThrow(/ESRCH/);
    expect(leftBehind()).toEqual([]);
  });
});
