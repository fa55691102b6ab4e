/**
 * Goal:   `npx walproof` runs the checkout it is typed in, needs no registry, and goes on doing so when another checkout
 *         takes its place.
 * Method: the real npx with a cache of its own and a registry that nobody serves. npx links a package's commands into its
 *         cache, under the path of the package, the first time, and never again (npm 11.19): a command whose file has
 *         moved since is "not found", exit 127. So the file must stay where it is.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { PROJECT_ROOT } from '../engine/shared/project-root.ts';
import { VERSION } from '../version.ts';

/** What the two files have in common; the lock file tells of the project as the package at ''. */
interface Manifest {
  bin?: unknown;
  packages?: Record<string, { bin?: unknown }>;
}

const BIN = 'e2e/walproof.mjs';

function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'walproof-npx-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What it printed on both streams, and its exit code. */
function npx(checkout: string, cache: string) {
  const env = { ...process.env, npm_config_cache: cache, npm_config_registry: 'http://127.0.0.1:9' };
  const { status, stdout, stderr } = spawnSync('npx', ['walproof', '--version'], {
    cwd: checkout,
    env,
    encoding: 'utf8',
  });
  return { exitCode: status, printed: `${stdout}${stderr}`.trim() };
}

/** A checkout whose command prints its name. */
function checkoutOf(folder: string, name: string): void {
  mkdirSync(dirname(join(folder, BIN)), { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'walproof', version: '0.1.0', bin: { walproof: BIN } }),
  );
  writeFileSync(join(folder, BIN), `#!/usr/bin/env node\nconsole.log('${name}');\n`);
  chmodSync(join(folder, BIN), 0o755);
}

test('the command is where every npx cache expects it, as a program', () => {
  for (const file of ['package.json', 'package-lock.json']) {
    const { bin, packages } = JSON.parse(readFileSync(join(PROJECT_ROOT, file), 'utf8')) as Manifest;
    expect([file, packages?.['']?.bin ?? bin]).toEqual([file, { walproof: BIN }]);
  }
  expect(statSync(join(PROJECT_ROOT, BIN)).mode & 0o111).toBe(0o111);
  expect(readFileSync(join(PROJECT_ROOT, BIN), 'utf8')).toMatch(/^#!\/bin\/sh\n/);
});

test('npx walproof runs this checkout, from an empty cache and without a registry', () => {
  const cache = scratchFolder();
  const expected = { exitCode: 0, printed: VERSION };
  expect(npx(PROJECT_ROOT, cache)).toEqual(expected);
  expect(npx(PROJECT_ROOT, cache)).toEqual(expected);
});

test('a cache that an older checkout at the same path has filled runs the newer one', () => {
  const [cache, checkout] = [scratchFolder(), scratchFolder()];
  checkoutOf(checkout, 'older');
  expect(npx(checkout, cache)).toEqual({ exitCode: 0, printed: 'older' });
  rmSync(join(checkout, 'e2e'), { recursive: true });
  checkoutOf(checkout, 'newer');
  expect(npx(checkout, cache)).toEqual({ exitCode: 0, printed: 'newer' });
});
