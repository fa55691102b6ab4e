/** A report on disk, opened as a reader opens it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { onTestFinished } from 'vitest';

/** Writes the page into a folder of its own, which goes with the test, and returns its address. */
export function onDisk(html: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'walproof-report-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'report.html');
  writeFileSync(file, html);
  return pathToFileURL(file).href;
}

/** Opens it and waits until its charts are drawn; returns how many, and how long after the navigation began. */
export async function openReport(page: Page, address: string): Promise<{ charts: number; drawnMs: number }> {
  await page.goto(address);
  await page.waitForSelector('html[data-drawn]', { state: 'attached' });
  const { drawn, drawnMs } = await page.evaluate<{ drawn: string; drawnMs: string }>(
    '({ ...document.documentElement.dataset })',
  );
  return { charts: Number(drawn), drawnMs: Number(drawnMs) };
}

/** Of each chart's canvas, by its name: how many colours it has, and how many of its pixels are of one colour of the page. */
export async function canvasColours(
  page: Page,
  variable: string,
): Promise<{ name: string; colours: number; of: number }[]> {
  return page.evaluate(`(() => {
    const probe = document.createElement('canvas').getContext('2d');
    probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('${variable}').trim();
    probe.fillRect(0, 0, 1, 1);
    const wanted = probe.getImageData(0, 0, 1, 1).data.join();
    return [...document.querySelectorAll('figure.chart')].map((figure) => {
      const canvas = figure.querySelector('canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const counts = new Map();
      for (let n = 0; n < data.length; n += 4) {
        const colour = data.subarray(n, n + 4).join();
        counts.set(colour, (counts.get(colour) ?? 0) + 1);
      }
      return { name: figure.dataset.chart, colours: counts.size, of: counts.get(wanted) ?? 0 };
    });
  })()`);
}
