/**
 * Goal: report.html opens from disk anywhere and shows the run: no request, no complaint, on a phone, in the dark, on paper, and
 * by keyboard. Method: reports of told runs in a real browser; what is drawn is read back from the canvas.
 */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { useChromium } from './browser/chromium.ts';
import { canvasColours, onDisk, openReport } from './browser/report-file.ts';
import { screenshot } from './browser/screenshots.ts';
import { history } from './evidence-builder.ts';
import { longRun } from './report/long-run.ts';
import { pageOf } from './report/pages.ts';

const chromium = useChromium();
const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
const WIDE = { viewport: { width: 1_280, height: 900 } };
const LARGEST_BYTES = 1_500_000;

let made: Promise<string> | undefined;

/** A run of a minute on two services, each with its control. */
function minute(): Promise<string> {
  made ??= makeMinute();
  return made;
}

function makeMinute(): Promise<string> {
  const services = ['notes', 'other'];
  return pageOf(
    services.map((service) => longRun({ ops: 20_000, durationMs: 60_000, service })),
    services.map((service) => longRun({ ops: 1_500, durationMs: 3_000, arm: 'control', service })),
    { services: services.map((name) => ({ name, title: name, subject: null })) },
  );
}

const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';

describe('a run of a minute', () => {
  test('opens from disk without a request to anywhere and without a complaint, in one file of bounded size', async () => {
    const html = await minute();
    expect(Buffer.byteLength(html)).toBeLessThan(LARGEST_BYTES);
    const { page, requests, complaints } = await chromium.open(WIDE);
    const address = onDisk(html);
    const { charts } = await openReport(page, address);
    expect(charts).toBe(2 * (4 + 6));
    expect(requests).toEqual([address]);
    expect(complaints).toEqual([]);
    await screenshot(page, 'report-light', { fullPage: true });
  });

  test('draws each chart, and shades the faults in all but those of the control', async () => {
    const { page } = await chromium.open(WIDE);
    await openReport(page, onDisk(await minute()));
    const lines = await canvasColours(page, '--tone1');
    expect(lines.filter(({ name, of }) => name !== 'busy' && of < 50)).toEqual([]);
    const shaded = await canvasColours(page, '--band');
    expect(shaded.filter(({ colours }) => colours < 10)).toEqual([]);
    const [first] = shaded;
    expect(first?.name).toBe('throughput');
    expect(first?.of).toBeGreaterThan(10_000);
    const faults = page.getByRole('region', { name: 'Faults' }).first().getByRole('row');
    expect(await faults.allInnerTexts()).toEqual([
      expect.stringContaining('what shows that it took effect'),
      ...[
        'restart agent',
        'kill agent',
        'restart host',
        'kill agent',
        'restart agent',
        'kill host',
        'restart agent',
      ].map((name) => expect.stringContaining(name)),
    ]);
  });

  test.each([
    ['phone, light', { ...PHONE, colorScheme: 'light' as const }],
    ['phone, dark', { ...PHONE, colorScheme: 'dark' as const }],
  ])('never scrolls sideways as a whole: %s', async (name, options) => {
    const { page } = await chromium.open(options);
    await openReport(page, onDisk(await minute()));
    expect(await page.evaluate(overflow)).toBe(0);
    await page.evaluate('document.querySelectorAll("details").forEach((each) => { each.open = true; })');
    expect(await page.evaluate(overflow)).toBe(0);
    await page.evaluate('document.querySelectorAll("details").forEach((each) => { each.open = false; })');
    await screenshot(page, `report-${name.replace(', ', '-')}`, { fullPage: true });
  });

  test('is drawn anew when the reader goes from light to dark', async () => {
    const { page } = await chromium.open({ ...WIDE, colorScheme: 'light' });
    await openReport(page, onDisk(await minute()));
    const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const light = { ground: await ground(), line: await canvasColours(page, '--tone1') };
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.waitForFunction(
      'getComputedStyle(document.documentElement).getPropertyValue("--tone1").trim() !== "#0b62a4"',
    );
    const dark = { ground: await ground(), line: await canvasColours(page, '--tone1') };
    expect(dark.ground).not.toBe(light.ground);
    expect(dark.line[0]?.of).toBeGreaterThan(50);
    await screenshot(page, 'report-dark');
  });

  test('is printed in light, with its charts no wider than the paper', async () => {
    const { page, complaints } = await chromium.open({ ...WIDE, colorScheme: 'dark' });
    await openReport(page, onDisk(await minute()));
    await page.evaluate('dispatchEvent(new Event("beforeprint"))');
    await page.emulateMedia({ media: 'print' });
    const widths = await page.evaluate<number[]>(
      '[...document.querySelectorAll("canvas")].map((each) => each.clientWidth)',
    );
    expect(Math.max(...widths)).toBeLessThanOrEqual(640);
    expect((await canvasColours(page, '--tone1'))[0]?.of).toBeGreaterThan(50);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    await screenshot(page, 'report-print', { fullPage: true });
    expect((await page.pdf()).subarray(0, 5).toString()).toBe('%PDF-');
    expect(complaints).toEqual([]);
  });

  test('is reached by keyboard in the order of the page, and every chart and picture says what it shows', async () => {
    const { page } = await chromium.open(WIDE);
    await openReport(page, onDisk(await minute()));
    const focusable = await page.locator('a[href], summary, [tabindex="0"]').filter({ visible: true }).count();
    const seen: number[] = [];
    for (let n = 0; n < focusable; n++) {
      await page.keyboard.press('Tab');
      seen.push(await page.evaluate<number>('[...document.querySelectorAll("*")].indexOf(document.activeElement)'));
    }
    expect(new Set(seen).size).toBe(focusable);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    const named = await page.evaluate<string[]>(
      '[...document.querySelectorAll("[role=img]")].map((each) => each.getAttribute("aria-label") ?? "")',
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((text) => text.length < 40)).toEqual([]);
    await page.locator('summary', { hasText: 'Figures of this chart' }).first().focus();
    await page.keyboard.press('Enter');
    expect(await page.getByRole('region', { name: 'Figures' }).first().getByRole('row').count()).toBe(121);
  });
});

test('100 000 calls are drawn within two seconds', async () => {
  const services = ['notes', 'other'];
  const html = await pageOf(
    services.map((service) => longRun({ ops: 100_000, durationMs: 60_000, service })),
    services.map((service) => longRun({ ops: 100_000, durationMs: 60_000, arm: 'control', service })),
  );
  expect(Buffer.byteLength(html)).toBeLessThan(LARGEST_BYTES);
  const { page } = await chromium.open(WIDE);
  const { charts, drawnMs } = await openReport(page, onDisk(html));
  expect(charts).toBe(20);
  expect(drawnMs).toBeLessThanOrEqual(2_000);
});

describe('what is not there is said, and nothing breaks', () => {
  test.each([
    ['nothing recorded', () => pageOf([history().evidence()]), /No call and no observation was recorded/],
    [
      'calls without observations',
      () => pageOf([history().ok('add-note', 'k', 'v').evidence()]),
      /No observation was recorded/,
    ],
    [
      'a service that did not start',
      () =>
        pageOf([
          history().started('host').startFailed('host', 'it ended with exit 1', 'Error: no such table').evidence(),
        ]),
      /The service did not start[\s\S]*host did not start: it ended with exit 1[\s\S]*Error: no such table/,
    ],
    ['no service', () => pageOf([]), /No service was judged/],
    ['no control', () => pageOf([longRun({ ops: 500, durationMs: 2_000 })]), /No control ran/],
  ])('%s', async (_, make, said) => {
    const { page, complaints } = await chromium.open(PHONE);
    await openReport(page, onDisk(await make()));
    expect(await page.locator('main').innerText()).toMatch(said);
    expect(await page.evaluate(overflow)).toBe(0);
    expect(complaints).toEqual([]);
  });
});
