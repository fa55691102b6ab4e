/**
 * Claim:  `walproof up` brings up the stack with traffic and a live page whose buttons act on the containers, sees what is
 *         done to them from elsewhere, and leaves nothing at Ctrl-C but its verdict.
 * Method: the real command on the project's own compose file, under a project name and ports of the test's own.
 * Red as: a button without effect, a kill that is not seen within 2 s, a page that stays away, anything that is left.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PROJECT_ROOT } from '../engine/shared/project-root.ts';
import { until } from '../engine/shared/until.ts';
import { useChromium } from './browser/chromium.ts';
import { screenshot } from './browser/screenshots.ts';
import { type Running, start } from './command.ts';
import { freePort } from './live/program.ts';
import { openLive, processRow, serviceCard, tile } from './live/view.ts';

const UP_DEADLINE_MS = 300_000;
const SOON = { timeout: 60_000, interval: 50 };
/** From `docker compose kill` having returned. */
const KILL_SEEN_MS = 2_000;
const PROJECT = `walproof-live-${randomBytes(3).toString('hex')}`;

const chromium = useChromium();
const env: NodeJS.ProcessEnv = { ...process.env, COMPOSE_PROJECT_NAME: PROJECT };
let up: Running;
let address = '';
let page: Page;
let complaints: string[] = [];

const docker = async (...args: string[]) =>
  (await promisify(execFile)('docker', args, { cwd: PROJECT_ROOT, env })).stdout.trim();

beforeAll(async () => {
  for (const name of ['NANOCLAW_PORT', 'ORACLE_PORT', 'OBSERVER_PORT']) env[name] = String(await freePort());
  up = start(['up', '--rate', '40', '--json'], { env });
  const printed = () => /live page: {2}(\S+)/.exec(up.stderr())?.[1] ?? '';
  const isUp = await Promise.race([
    until(() => printed() !== '', { deadlineMs: UP_DEADLINE_MS }),
    up.ended.then(() => false),
  ]);
  if (!isUp) throw new Error(`walproof up did not come up:\n${up.stderr()}`);
  address = printed();
}, UP_DEADLINE_MS);

afterAll(async () => {
  up?.signal('SIGTERM');
  await up?.ended;
}, UP_DEADLINE_MS);

const told = () => page.locator('#action').textContent();

test('both services are live under traffic', async () => {
  ({ page, complaints } = await chromium.open({ viewport: { width: 1440, height: 900 } }));
  await openLive(page, address);
  for (const title of ['NanoClaw', 'Oracle V2'])
    await expect
      .poll(async () => Number(await tile(serviceCard(page, title), 'answers / s').textContent()), SOON)
      .toBeGreaterThan(10);
  await expect.poll(() => page.locator('#traffic').textContent(), SOON).toMatch(/nanoclaw: \d+ acknowledged/);
});

test('docker compose kill oracle is seen, and Restart brings it back', async () => {
  const row = processRow(page, 'oracle');
  const seen = row.and(page.locator('[data-state="down"]')).waitFor({ timeout: 30_000 });
  await docker('compose', 'kill', 'oracle');
  const killedAt = performance.now();
  await seen;
  expect(performance.now() - killedAt).toBeLessThan(KILL_SEEN_MS);
  await page.getByRole('button', { name: 'Restart oracle', exact: true }).click();
  await expect.poll(told, SOON).toMatch(/^Done: restart oracle: another incarnation is healthy/);
  await expect.poll(() => row.getAttribute('data-state'), SOON).toBe('up');
  await expect.poll(() => serviceCard(page, 'Oracle V2').locator('rect.is-down').count(), SOON).toBeGreaterThan(0);
});

test('each button acts on the containers', async () => {
  const act = async (name: string, done: RegExp) => {
    await expect.poll(() => page.locator('body').getAttribute('data-acting'), SOON).toBe('false');
    await page.getByRole('button', { name, exact: true }).click();
    await expect.poll(told, SOON).toMatch(done);
  };
  await act('Kill nanoclaw-agent-2', /^Done: kill nanoclaw-agent-2: it is gone by SIGKILL/);
  await expect.poll(() => processRow(page, 'nanoclaw-agent-2').getAttribute('data-state'), SOON).toBe('down');
  await act('Restart nanoclaw-agent-2', /^Done: restart nanoclaw-agent-2/);
  await act('Stop traffic', /^Done: stop traffic/);
  await act('Start traffic', /^Done: start traffic/);
  const oracle = serviceCard(page, 'Oracle V2');
  await oracle.getByRole('button', { name: 'Hold the write lock for 8 s' }).click();
  await expect.poll(told, SOON).toMatch(/^Done: hold the write lock of oracle-v2 for 8 s: held for 8\.\d s/);
  await oracle.getByRole('button', { name: 'Switch to the unpatched variant' }).click();
  await expect.poll(() => oracle.locator('.drift').first().textContent(), SOON).toContain('≠ 0 ms (expected 30000)');
  await expect.poll(told, SOON).toMatch(/^Done: put the unpatched db module of oracle-v2 in place/);
  await oracle.getByRole('button', { name: 'Switch back to the patched db module' }).click();
  await expect.poll(told, SOON).toMatch(/^Done: put the patched db module of oracle-v2 in place/);
  await expect.poll(() => oracle.locator('.drift').count(), SOON).toBe(0);
  await screenshot(page, 'live-docker', { fullPage: true });
}, 240_000);

test('after the observer’s container was made anew, the page is live again by itself', async () => {
  await docker('compose', 'restart', '--timeout', '2', 'observer');
  await expect.poll(() => page.locator('.link').textContent(), SOON).toMatch(/^Live, observed for \d+ s$/);
  await expect.poll(() => tile(serviceCard(page, 'NanoClaw'), 'answers / s').textContent(), SOON).toMatch(/^\d/);
  expect(complaints.filter((text) => !text.includes('net::ERR_'))).toEqual([]);
});

test('no container has the Docker socket, and all of them are hardened alike', async () => {
  const ids = (await docker('ps', '--quiet', '--filter', `label=com.docker.compose.project=${PROJECT}`)).split('\n');
  const containers = JSON.parse(await docker('inspect', ...ids)) as {
    Name: string;
    Config: { User: string };
    HostConfig: { ReadonlyRootfs: boolean; CapDrop: string[]; SecurityOpt: string[] };
    Mounts: { Source: string }[];
  }[];
  expect(containers).toHaveLength(7);
  for (const { Name, Config, HostConfig, Mounts } of containers) {
    expect(JSON.stringify(Mounts), Name).not.toContain('docker.sock');
    expect(Config.User, Name).toBe('1000:1000');
    expect(HostConfig, Name).toMatchObject({
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges:true'],
    });
  }
});

test(
  'Ctrl-C removes all of it, and says what was seen',
  async () => {
    up.signal('SIGINT');
    const { exitCode, stdout } = await up.ended;
    const seen = JSON.parse(stdout) as {
      verdict: string;
      totals: { acknowledged: number; restarts: { asked: number } };
    };
    // `docker compose kill` came from elsewhere, so the process ended unasked.
    expect(seen).toMatchObject({
      verdict: 'fail',
      checks: expect.arrayContaining([expect.objectContaining({ check: 'no-busy', verdict: 'pass' })]),
    });
    expect(exitCode).toBe(1);
    expect(seen.totals.acknowledged).toBeGreaterThan(100);
    expect(seen.totals.restarts.asked).toBeGreaterThan(2);
    const filter = ['--quiet', '--filter', `label=com.docker.compose.project=${PROJECT}`];
    expect(await docker('ps', '--all', ...filter)).toBe('');
    expect(await docker('volume', 'ls', ...filter)).toBe('');
    expect(await docker('network', 'ls', ...filter)).toBe('');
  },
  UP_DEADLINE_MS,
);
