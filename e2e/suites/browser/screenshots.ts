/** Pictures of pages, kept beside the bundles so that a pipeline uploads them. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { PROJECT_ROOT } from '../../engine/shared/project-root.ts';

const FOLDER = join(PROJECT_ROOT, 'runs', 'screenshots');

/** Writes `runs/screenshots/<name>.png` and returns its path. */
export async function screenshot(page: Page, name: string, options: { fullPage?: boolean } = {}): Promise<string> {
  mkdirSync(FOLDER, { recursive: true });
  const path = join(FOLDER, `${name}.png`);
  await page.screenshot({ path, animations: 'disabled', ...options });
  return path;
}
