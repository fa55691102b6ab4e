/** What the tests of the live page look at, by what a reader sees of it. */
import type { Locator, Page } from 'playwright-core';

/** The row of a process in the table of its service. */
export function processRow(page: Page, process: string): Locator {
  return page
    .locator('table.processes tbody tr')
    .filter({ has: page.getByRole('rowheader', { name: process, exact: true }) });
}

export const serviceCard = (page: Page, title: string): Locator =>
  page.getByRole('region', { name: title, exact: true });

/** The number in a tile, e.g. of `answers / s`. */
export function tile(card: Locator, label: string): Locator {
  return card.locator('.tiles > div').filter({ hasText: label }).locator('dd').first();
}

export const log = (page: Page): Locator => page.locator('#log li');

export async function openLive(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await page.locator('body[data-ready]').waitFor();
}

/** Whether anything reaches beyond the window to the right. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');

/** Whether the keyboard's focus is on it. */
export async function hasFocus(element: Locator): Promise<boolean> {
  return (await element.and(element.page().locator(':focus')).count()) > 0;
}
