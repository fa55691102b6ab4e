/**
 * Goal: the page that compares runs opens from disk anywhere and shows what changed: no request, no complaint, on a phone and in
 * the dark. Method: kept bundles of failing runs in a real browser.
 */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { compare } from '../report/compare.ts';
import { comparisonPage } from '../report/html/comparison-page.ts';
import { SavedRun } from '../report/saved-run.ts';
import { useChromium } from './browser/chromium.ts';
import { onDisk } from './browser/report-file.ts';
import { screenshot } from './browser/screenshots.ts';

const BUNDLES = join(import.meta.dirname, 'bundles');
const chromium = useChromium();
const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };
const WIDE = { viewport: { width: 1_280, height: 900 } };

let page = '';

beforeAll(async () => {
  const names = ['nanoclaw-unpatched', 'nanoclaw-swallowed-busy'];
  const saved = await Promise.all(names.map((name) => SavedRun.open(join(BUNDLES, name))));
  page = await comparisonPage(compare(saved.map(({ verdict }) => ({ startedAt: null, document: verdict }))));
});

describe.each([
  ['wide, light', { ...WIDE, colorScheme: 'light' as const }],
  ['phone, dark', { ...PHONE, colorScheme: 'dark' as const }],
])('%s', (name, options) => {
  test('says what changed, without a request, a complaint or a sideways scroll', async () => {
    const opened = await chromium.open(options);
    const address = onDisk(page);
    await opened.page.goto(address);
    expect(await opened.page.getByRole('heading', { level: 1 }).innerText()).toBe('Not the same');
    const checks = opened.page.getByRole('region', { name: 'nanoclaw' }).getByRole('row');
    const mode = checks.filter({ has: opened.page.getByRole('rowheader', { name: 'wal-mode' }) });
    expect(await mode.innerText()).toMatch(/changed[\s\S]*fail[\s\S]*journal-mode-not-wal[\s\S]*pass/);
    expect(
      await opened.page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
    ).toBe(0);
    expect(opened.requests).toEqual([address]);
    expect(opened.complaints).toEqual([]);
    await screenshot(opened.page, `comparison-${name.replace(', ', '-')}`, { fullPage: true });
  });
});
