/** Goal: what the tests of pages rely on tells the truth. Method: a page that asks and complains, and one that does neither. */
import { describe, expect, test } from 'vitest';
import { useChromium } from './browser/chromium.ts';
import { browserAvailability } from './browser/find.ts';

const chromium = useChromium();
const asPage = (html: string) => `data:text/html;charset=utf-8,${encodeURIComponent(html)}`;

describe('a watched page', () => {
  test('that is at peace asks for nothing and complains of nothing', async () => {
    const { page, requests, complaints } = await chromium.open();
    await page.goto(asPage('<p>สวัสดี</p>'));
    expect(await page.textContent('p')).toBe('สวัสดี');
    expect({ requests, complaints }).toEqual({ requests: [], complaints: [] });
  });

  test('is caught asking, complaining and throwing', async () => {
    const { page, requests, complaints } = await chromium.open();
    await page.goto(asPage('<img src="http://127.0.0.1:9/x.png"><script>console.error("no"); boom()</script>'));
    expect(requests).toEqual(['http://127.0.0.1:9/x.png']);
    expect(complaints).toEqual(expect.arrayContaining(['no', expect.stringContaining('boom is not defined')]));
  });
});

describe('the browser', () => {
  test('is the one that CHROMIUM_PATH names', async () => {
    const found = await browserAvailability();
    if (!found.ok) throw new Error(found.reason);
    expect(await browserAvailability({ CHROMIUM_PATH: found.path })).toEqual(found);
  });

  test.each([
    ['CHROMIUM_PATH names nothing', { CHROMIUM_PATH: '/nowhere/chromium' }, /\/nowhere\/chromium does not start/],
    ['CHROMIUM_PATH names what is no browser', { CHROMIUM_PATH: '/bin/false' }, /\/bin\/false does not start/],
    ['the PATH has none', { PATH: '/nowhere' }, /none of chromium, .* is installed/],
  ])('is missing when %s', async (_, env, reason) => {
    const found = await browserAvailability(env);
    expect(found.ok ? found.path : found.reason).toMatch(reason);
  });
});
