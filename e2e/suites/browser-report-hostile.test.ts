/**
 * Goal: whatever a service wrote is shown and never run. Method: markup, scripts, a megabyte, Thai, and text that turns its
 * surroundings around, in every place that a report quotes; a script that ran would leave its mark.
 */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import type { Evidence } from '../model/evidence.ts';
import { useChromium } from './browser/chromium.ts';
import { onDisk, openReport } from './browser/report-file.ts';
import { history } from './evidence-builder.ts';
import { pageOf } from './report/pages.ts';

const chromium = useChromium();

/** The text in every place that a service, a fault or a reader's shell could fill. */
function saying(text: string): Evidence {
  const told = history().started('host').attested('host', { driver: text, sqliteVersion: text, sqliteSourceId: text });
  told.at(1_000).call('fail', text, text, text, { client: text, target: text, error: { code: text, message: text } });
  told.at(1_010).ok('add-note', text, text);
  told.at(1_020).sqliteError(text, text, { message: text, sql: text, phase: text, elapsedMs: 500 });
  told.sqliteError('host', 'SQLITE_BUSY', { sql: text }).slowStatement(text, 700).crashed(text, text, text);
  told.startFailed(text, text, text).observe({ kind: 'look-failed', look: text, message: text, lastLines: [text] });
  told.observe({ kind: 'filesystem', type: text }).sampled();
  told.observe({
    kind: 'fault',
    fault: text,
    target: text,
    atMs: 1_005,
    healedAtMs: 1_100,
    tookEffect: false,
    proof: text,
  });
  const evidence = told.traffic(900, 2_000).evidence();
  return { ...evidence, variant: text, service: { ...evidence.service, name: text, title: text } };
}

const record = (text: string) => ({
  scenario: text,
  claim: text,
  gitCommit: text,
  engine: text,
  startedAt: text,
  version: text,
  command: [text, text],
  versions: { [text]: text },
  machine: { [text]: text },
  services: [
    { name: text, title: text, database: text, policy: { [text]: text }, subject: { variant: text, file: text } },
  ],
});

const MARKUP = [
  `<script>window.ran = 1</script>`,
  `</script><script>window.ran = 1</script>`,
  `</style><script>window.ran = 1</script><!-- `,
  `"><img src="http://127.0.0.1:9/x.png" onerror="window.ran = 1">`,
  `' onmouseover='window.ran = 1`,
  `<svg onload="window.ran = 1"><a href="javascript:window.ran = 1">x</a>`,
  `<meta http-equiv="refresh" content="0;url=http://127.0.0.1:9/">`,
  `</bdi></td></table><h1>Passed</h1>`,
].join('\n');

describe('hostile text', () => {
  test('that is markup is shown as text: no script runs, nothing is asked for, no element comes of it', async () => {
    const { page, requests, complaints } = await chromium.open();
    const address = onDisk(await pageOf([saying(MARKUP)], [{ ...saying(MARKUP), arm: 'control' }], record(MARKUP)));
    await openReport(page, address);
    expect(await page.evaluate('window.ran ?? null')).toBeNull();
    expect(requests).toEqual([address]);
    expect(complaints).toEqual([]);
    expect(await page.locator('img, h1, a[href^="javascript"], meta[http-equiv=refresh]').count()).toBe(1);
    expect(await page.locator('script').count()).toBe(2);
    expect(await page.locator('main').innerText()).toContain('</script><script>window.ran = 1</script>');
  });

  test('would not run even as an element: the policy knows the scripts of the page alone', async () => {
    const { page, complaints } = await chromium.open();
    const html = (await pageOf([saying('x')])).replace('</main>', '<script>window.ran = 1</script></main>');
    await openReport(page, onDisk(html));
    expect(await page.evaluate('window.ran ?? null')).toBeNull();
    expect(complaints.join()).toMatch(/Content Security Policy/);
  });

  test('of a megabyte is cut everywhere, and its length is said', async () => {
    const text = 'a<b '.repeat(262_144);
    const html = await pageOf([saying(text)], [], record(text));
    expect(Buffer.byteLength(html)).toBeLessThan(400_000);
    const { page } = await chromium.open({ viewport: { width: 360, height: 740 } });
    await openReport(page, onDisk(html));
    expect(await page.locator('main').innerText()).toContain('… (1048576 characters)');
    expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0);
  });

  test.each([
    ['right to left', 'שלום\u202egnp.exe', 'שלום⟨U+202E⟩gnp.exe'],
    ['that closes an isolation', 'a\u2069\u202eb', 'a⟨U+2069⟩⟨U+202E⟩b'],
    ['Thai', 'บันทึก ฐานข้อมูล', 'บันทึก ฐานข้อมูล'],
    ['with control characters', 'a\u0000\u001b[31mb', 'a⟨U+0000⟩⟨U+001B⟩[31mb'],
  ])('%s is shown, and kept apart from the text around it', async (_, text, shown) => {
    const { page, complaints } = await chromium.open();
    await openReport(page, onDisk(await pageOf([saying(text)], [], record(text))));
    expect(await page.locator('bdi', { hasText: shown }).count()).toBeGreaterThan(10);
    expect(complaints).toEqual([]);
  });
});
