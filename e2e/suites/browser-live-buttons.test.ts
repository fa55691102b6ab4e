/**
 * Claim:  each button does what it says, one at a time, with its result on the page; a keyboard reaches all of them; without
 *         the token, or without `walproof up`, they are off and say why.
 * Method: real services as plain processes, hands on them behind the real control server, and an installed Chromium.
 * Red as: a service that is not touched, a result that is not told, a button that can be pressed meanwhile.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useChromium } from './browser/chromium.ts';
import { screenshot } from './browser/screenshots.ts';
import { openStage, type Stage } from './live/stage.ts';
import { hasFocus, log, openLive, processRow, serviceCard } from './live/view.ts';

const SOON = { timeout: 20_000, interval: 20 };

const chromium = useChromium();
let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});

afterAll(() => stage?.[Symbol.asyncDispose]());

const told = (page: Page) => page.locator('#action').textContent();

async function ready(page: Page): Promise<void> {
  await expect.poll(() => page.locator('body').getAttribute('data-acting'), SOON).toBe('false');
}

test('traffic stops and starts', async () => {
  const { page, complaints } = await chromium.open();
  await openLive(page, stage.address);
  await page.getByRole('button', { name: 'Stop traffic' }).click();
  await expect.poll(() => page.locator('#traffic').textContent(), SOON).toMatch(/^No traffic/);
  await expect.poll(() => told(page), SOON).toBe('Done: stop traffic: it has ended');
  await page.getByRole('button', { name: 'Start traffic' }).click();
  await expect.poll(() => page.locator('#traffic').textContent(), SOON).toMatch(/^Traffic runs, seed 1/);
  expect(complaints).toEqual([]);
});

test('by keyboard alone: kill a process, fail to kill it again, restart it', async () => {
  const { page, complaints } = await chromium.open({ viewport: { width: 1440, height: 900 } });
  await openLive(page, stage.address);
  await expect.poll(() => told(page), SOON).not.toContain('buttons');
  const row = processRow(page, 'agent-1');
  const reached = async (name: string) => {
    const button = page.getByRole('button', { name, exact: true });
    for (let presses = 0; presses < 60; presses++) {
      await page.keyboard.press('Tab');
      if (await hasFocus(button)) return button;
    }
    throw new Error(`${name} is not reached by Tab`);
  };
  const kill = await reached('Kill agent-1');
  expect(await page.evaluate<string>('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
  await page.keyboard.press('Enter');
  await expect.poll(() => row.getAttribute('data-state'), SOON).toBe('down');
  // The page may hear of it before the one who did it.
  await expect.poll(() => stage.stackOf('agent-1').isRunning('agent-1'), SOON).toBe(false);
  await ready(page);
  // The focus stays where it was while the button was off.
  expect(await hasFocus(kill)).toBe(true);
  await page.keyboard.press('Enter');
  await expect.poll(() => told(page), SOON).toBe('Failed: kill agent-1: it does not run; Restart starts it');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Space');
  await expect.poll(() => row.getAttribute('data-state'), SOON).toBe('up');
  await expect.poll(() => told(page), SOON).toBe('Done: restart agent-1: another incarnation is healthy');
  await expect.poll(() => log(page).filter({ hasText: 'kill agent-1: it is gone by SIGKILL' }).count(), SOON).toBe(1);
  expect(complaints.filter((text) => !text.includes('500 (Internal Server Error)'))).toEqual([]);
});

test('the write lock is held for 8 s, nothing else can be asked for meanwhile, and writers wait', async () => {
  const { page, complaints } = await chromium.open({ viewport: { width: 1440, height: 900 } });
  await openLive(page, stage.address);
  const card = serviceCard(page, 'NanoClaw');
  await card.getByRole('button', { name: 'Hold the write lock for 8 s' }).click();
  await expect.poll(() => told(page), SOON).toBe('hold the write lock of nanoclaw for 8 s …');
  const kill = page.getByRole('button', { name: 'Kill nanoclaw', exact: true });
  await expect.poll(() => kill.getAttribute('aria-disabled'), SOON).toBe('true');
  await kill.click({ force: true });
  await expect
    .poll(() => told(page), SOON)
    .toMatch(/^Done: hold the write lock of nanoclaw for 8 s: held for 8\.\d s; .*SQLITE_BUSY, SQLITE_BUSY$/);
  expect(stage.stackOf('nanoclaw').isRunning('nanoclaw')).toBe(true);
  await screenshot(page, 'live-held-lock', { fullPage: true });
  expect(complaints).toEqual([]);
});

test('a service is switched to the unpatched variant and back', async () => {
  const { page } = await chromium.open();
  await openLive(page, stage.address);
  const card = serviceCard(page, 'Oracle V2');
  await card.getByRole('button', { name: 'Switch to the unpatched variant' }).click();
  await card.getByRole('button', { name: 'Switch back to the patched db module' }).click();
  await card.getByRole('button', { name: 'Switch to the unpatched variant' }).waitFor();
  expect(stage.did).toEqual(['variant oracle-v2 unpatched', 'variant oracle-v2 patched']);
});

test.each([
  ['without the token', () => stage.observer.url, /need the whole address that walproof up printed/],
  ['with the token of another run', () => `${stage.observer.url}/#token=AAAA`, /another run of walproof up/],
])('%s every button is off, and says why', async (_what, address, reason) => {
  const { page } = await chromium.open();
  await openLive(page, address());
  await expect.poll(() => told(page), SOON).toMatch(reason);
  const buttons = page.getByRole('button');
  expect(await buttons.count()).toBeGreaterThan(8);
  for (const button of await buttons.all()) expect(await button.isDisabled()).toBe(true);
});
