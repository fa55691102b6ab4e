import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nanoclaw } from '../../services/nanoclaw.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** A temporary folder that goes with the test. */
export function temporaryFolder(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), 'walproof-nanoclaw-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** The text of a db module by the name of its variant. */
export function dbModuleText(variant: string): string {
  const file = nanoclaw.variants[variant];
  if (file === undefined) throw new Error(`nanoclaw has no variant ${variant}`);
  return readFileSync(join(ROOT, file), 'utf8');
}

/** Copies the service into `folder/app`, with another text in the db module's place. Returns the app's path. */
export function copyApp(folder: string, dbModule: string = dbModuleText('patched')): string {
  const app = join(folder, 'app');
  cpSync(join(ROOT, nanoclaw.sourceDir), app, { recursive: true });
  writeFileSync(join(app, nanoclaw.dbModule), dbModule);
  symlinkSync(join(ROOT, 'node_modules'), join(app, 'node_modules'));
  return app;
}

export const LEGACY_DATABASE = join(ROOT, 'fixtures/databases/nanoclaw-legacy.db');
