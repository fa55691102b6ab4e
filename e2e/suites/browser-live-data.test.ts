/**
 * Claim:  what a service says is shown as it is and never run, and what it does not say is called missing: metrics that come
 *         late or not at all, services that are down at the start, text made to harm.
 * Method: services made up for it, over real HTTP; the real observer; an installed Chromium.
 * Red as: a script that runs, a figure that stays after its source has gone, an element that text has made.
 */
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { useChromium } from './browser/chromium.ts';
import { screenshot } from './browser/screenshots.ts';
import { fakeService } from './live/fake-service.ts';
import { freePort, Program } from './live/program.ts';
import { log, openLive, overflow, processRow, serviceCard, tile } from './live/view.ts';

const SOON = { timeout: 15_000, interval: 20 };
const chromium = useChromium();

async function observerOf(url: string, database = '/nonexistent/x.db'): Promise<Program> {
  const processes = [{ name: 'nanoclaw', url, healthPath: '/health' }];
  const watch = { services: [{ name: 'nanoclaw', database, processes }] };
  const observer = new Program('main.ts', await freePort(), { OBSERVER_WATCH: JSON.stringify(watch) });
  onTestFinished(() => observer[Symbol.asyncDispose]());
  await observer.start();
  return observer;
}

const RUN = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>';
const HOSTILE = `${RUN} \u202egnitirw\u202c ภาษาไทย "; --`;

function hostilePage(busy: number): string {
  const code = HOSTILE.replaceAll('\\', '\\\\').replaceAll('"', '\\"').slice(0, 60);
  return `process_start_time_seconds 100
sqlite_errors_total{code="${code}",phase="run"} ${busy}
sqlite_errors_total{code="${'ก'.repeat(200_000)}",phase="run"} ${busy}
http_requests_total{method="GET",route="/x",status="200"} NaN
nodejs_eventloop_lag_max_seconds +Inf
`;
}

test('hostile text is shown and never run', async () => {
  let asked = 0;
  const connection = {
    connection: 1,
    pid: 1,
    readonly: false,
    journalMode: RUN.slice(0, 60),
    busyTimeoutMs: 0,
    synchronous: 9,
  };
  const rest = { cacheSize: 5, foreignKeys: false, sqliteVersion: '</td><script>', driver: 'x' };
  await using service = await fakeService((request, response) => {
    if (request.url === '/metrics') response.end(hostilePage(asked++));
    else response.end(JSON.stringify({ connections: [{ ...connection, ...rest }] }));
  });
  const observer = await observerOf(service.url);
  const { page, complaints } = await chromium.open({ viewport: { width: 360, height: 780 } });
  await openLive(page, observer.url);
  await expect.poll(() => log(page).filter({ hasText: 'SQLite refused' }).count(), SOON).toBeGreaterThan(0);
  await expect.poll(() => log(page).filter({ hasText: 'journal_mode is <img' }).count(), SOON).toBe(1);
  await expect.poll(() => page.locator('.connections tbody').textContent(), SOON).toContain('</td><script>');
  expect(await page.locator('.errors').textContent()).toContain('<img src=x');
  expect(await page.locator('main img, main script').count()).toBe(0);
  expect(await page.evaluate<boolean>("'harmed' in window")).toBe(false);
  expect(await overflow(page)).toBeLessThanOrEqual(0);
  expect(complaints).toEqual([]);
  await screenshot(page, 'live-hostile', { fullPage: true });
});

test('a page that is megabytes, no metrics, or no JSON is no data', async () => {
  await using service = await fakeService((request, response) => {
    response.end(request.url === '/metrics' ? 'x'.repeat(6 << 20) : '<html>');
  });
  const observer = await observerOf(service.url);
  const { page } = await chromium.open();
  await openLive(page, observer.url);
  const card = serviceCard(page, 'NanoClaw');
  await expect.poll(() => processRow(page, 'nanoclaw').textContent(), SOON).toMatch(/up/);
  expect(await tile(card, 'answers / s').textContent()).toBe('–');
  expect(await card.locator('.tiles').textContent()).toContain('no data yet');
  expect(await card.locator('.connections').textContent()).toContain('No connection has attested itself yet');
});

test('metrics that stop are missing within seconds; the process is said to be silent', async () => {
  let isSilent = false;
  let served = 0;
  await using service = await fakeService((request, response) => {
    if (isSilent) return;
    if (request.url !== '/metrics') return void response.end('{"connections":[]}');
    served += 50;
    response.end(`http_requests_total{method="GET",route="/x",status="200"} ${served}\n`);
  });
  const observer = await observerOf(service.url);
  const { page, complaints } = await chromium.open();
  await openLive(page, observer.url);
  const card = serviceCard(page, 'NanoClaw');
  await expect.poll(async () => Number(await tile(card, 'answers / s').textContent()), SOON).toBeGreaterThan(10);
  isSilent = true;
  await expect
    .poll(() => processRow(page, 'nanoclaw').textContent(), SOON)
    .toContain('does not answer (no answer within');
  await expect.poll(() => card.locator('.tiles').textContent(), SOON).toMatch(/no data for \d s/);
  expect(await tile(card, 'answers / s').textContent()).toBe('–');
  isSilent = false;
  await expect.poll(() => processRow(page, 'nanoclaw').getAttribute('data-state'), SOON).toBe('up');
  await expect.poll(() => tile(card, 'answers / s').textContent(), SOON).toMatch(/^\d/);
  expect(complaints).toEqual([]);
});

test('services that are down at the start are not seen yet, and appear when they come', async () => {
  const port = await freePort();
  const observer = await observerOf(`http://127.0.0.1:${port}`, join(mkdtempSync(join(tmpdir(), 'walproof-')), 'x.db'));
  const { page, complaints } = await chromium.open();
  await openLive(page, observer.url);
  await expect.poll(() => processRow(page, 'nanoclaw').textContent(), SOON).toContain('not seen yet (ECONNREFUSED)');
  const card = serviceCard(page, 'NanoClaw');
  expect(await card.locator('.verdict').textContent()).toContain('not seen yet');
  await expect.poll(() => card.locator('.tiles').textContent(), SOON).toContain('no such file');
  expect(await page.locator('#action').textContent()).toContain('npx walproof up');
  for (const button of await page.getByRole('button').all()) expect(await button.isDisabled()).toBe(true);
  expect(complaints).toEqual([]);
});

test('the page is for 127.0.0.1: a foreign Host is refused, and its policy lets nobody else in', async () => {
  const observer = await observerOf('http://127.0.0.1:9');
  const own = await fetch(observer.url);
  expect(own.headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; /,
  );
  for (const path of ['/', '/now', '/events', '/history?step=1000']) {
    const asked = request({ host: '127.0.0.1', port: observer.port, path, headers: { host: 'evil.example' } });
    asked.end();
    const [response] = await once(asked, 'response');
    expect(response.statusCode).toBe(403);
    response.resume();
  }
  for (const path of ['/../main.ts', '/page/index.html', '/settings.ts', '/history?step=7']) {
    expect((await fetch(`${observer.url}${path}`)).status).toBe(404);
  }
});
