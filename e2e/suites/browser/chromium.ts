/** One Chromium per test file, and pages that write down whatever they ask for and complain of. */
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { browserAvailability } from './find.ts';

/** A page is drawn by the CPU, nothing is asked of anybody, and nothing is looked up beside the test. */
const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const START_DEADLINE_MS = 60_000;
/** For whatever a test waits for in a page, where it names no time of its own. */
const PAGE_DEADLINE_MS = 20_000;

export interface WatchedPage {
  page: Page;
  /** The address of everything the page asked for, the page itself included, `data:` left out. */
  requests: string[];
  /** Errors and warnings on the console, and exceptions that nobody caught. */
  complaints: string[];
}

/** Starts the browser before the tests of the file and ends it after them; its profile is a fresh folder that goes with it. */
export function useChromium(): { open(options?: BrowserContextOptions): Promise<WatchedPage> } {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());
  return {
    async open(options = {}) {
      if (browser === undefined) throw new Error('expected a browser that has started; open pages inside tests');
      return watched(browser, options);
    },
  };
}

export async function launchChromium(): Promise<Browser> {
  const found = await browserAvailability();
  if (!found.ok) throw new Error(`expected a Chromium to drive, but ${found.reason}; ${found.next}`);
  return chromium.launch({
    executablePath: found.path,
    headless: true,
    // Chromium refuses to start as root inside its sandbox.
    chromiumSandbox: process.getuid?.() !== 0,
    args: FLAGS,
    timeout: START_DEADLINE_MS,
  });
}

/** A page in a context of its own: no cookie, no storage, no cache is shared between tests. */
async function watched(browser: Browser, options: BrowserContextOptions): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PAGE_DEADLINE_MS);
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith('data:')) requests.push(request.url());
  });
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { page, requests, complaints };
}
