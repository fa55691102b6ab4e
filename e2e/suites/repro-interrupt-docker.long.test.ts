/**
 * Claim:  Ctrl-C in the middle of a repro in containers ends it at once, exit 130, and leaves no container, volume or network.
 * Method: the real command, interrupted on each side, with --keep and without, once a container of it runs; what its process
 *         made is then asked of the daemon. Last, what --keep keeps until Ctrl-C, which is no interruption.
 */
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { docker } from '../engine/docker/client.ts';
import { start } from './command.ts';

/** A stack whose mounts are its own, and one with an actor beside it. */
const REPROS = ['split-kernel-wal', 'frozen-lock-holder'];
const SIDES = ['without the fix', 'with the fix'];
const TIMEOUT_MS = 240_000;

/** What a process with this pid has on the daemon, one line each. */
async function heldBy(pid: number | undefined): Promise<string[]> {
  const filters = { label: ['walproof.owner'] };
  const [containers, { Volumes }, networks] = await Promise.all([
    docker().listContainers({ all: true, filters }),
    docker().listVolumes({ filters }),
    docker().listNetworks({ filters }),
  ]);
  const held = [
    ...containers.map(({ Names, State, Labels }) => ({ name: `container ${Names[0]} ${State}`, Labels })),
    ...(Volumes ?? []).map(({ Name, Labels }) => ({ name: `volume ${Name}`, Labels })),
    ...networks.map(({ Name, Labels }) => ({ name: `network ${Name}`, Labels })),
  ];
  return held.filter(({ Labels }) => Labels?.['walproof.owner']?.includes(`:${pid}:`)).map(({ name }) => name);
}

const runs = async (pid: number | undefined) => (await heldBy(pid)).filter((line) => line.endsWith(' running')).length;
const mountFolders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('walproof-mounts-'));

describe.each(REPROS)('%s', (name) => {
  test.each(
    SIDES.flatMap((side) => [
      { side, keep: [] },
      { side, keep: ['--keep'] },
    ]),
  )('interrupted $side, $keep', { timeout: TIMEOUT_MS }, async ({ side, keep }) => {
    const before = mountFolders();
    const running = start(['repro', name, '--engine', 'docker', ...keep]);
    const under = { timeout: TIMEOUT_MS / 2, interval: 10 };
    await expect.poll(() => running.stderr(), under).toContain(`${name}: ${side}\n`);
    // With --keep what the other side has made still runs.
    const kept = await runs(running.pid);
    await expect.poll(() => runs(running.pid), under).toBeGreaterThan(side === 'with the fix' ? kept : 0);
    running.signal('SIGINT');
    const { exitCode, stdout, stderr } = await running.ended;
    expect(stderr).toMatch(/interrupted by SIGINT \[INTERRUPTED\]\nnext: /);
    expect(exitCode).toBe(130);
    expect(stdout).toBe('');
    expect(await heldBy(running.pid)).toEqual([]);
    expect(mountFolders().filter((folder) => !before.includes(folder))).toEqual([]);
  });
});

test('what --keep keeps is there to be looked into until Ctrl-C, and gone after it', {
  timeout: TIMEOUT_MS,
}, async () => {
  const running = start(['repro', 'single-file-mount', '--keep', '--json']);
  await expect
    .poll(() => running.stderr(), { timeout: TIMEOUT_MS / 2, interval: 20 })
    .toMatch(/kept as it is .*\n.*oracle-1: http/);
  expect(await runs(running.pid)).toBeGreaterThan(0);
  running.signal('SIGINT');
  const { exitCode, stdout } = await running.ended;
  expect(JSON.parse(stdout)).toMatchObject({ reproduced: true, fixed: true, attempts: [{ outcome: 'held' }] });
  expect(exitCode).toBe(0);
  expect(await heldBy(running.pid)).toEqual([]);
});
