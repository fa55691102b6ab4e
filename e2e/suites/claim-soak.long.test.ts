/**
 * Claim:  `walproof soak` goes on while runs pass and stops at the first that does not, whose bundle it keeps; and what a run
 *         found can be found again in its bundle.
 * Method: the real command on the process engine, on the patched db module and on one that fails; then `walproof recheck`.
 * Red as: a wrong exit code, a missing bundle, a seed used twice, another verdict from the files. Not claimed: calm over 100
 *         runs, which takes hours and is `npm run soak -- --runs 100`.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import type { RecheckDocument } from '../commands/recheck.ts';
import type { SoakDocument } from '../commands/soak.ts';

const CLI = fileURLToPath(new URL('../cli.ts', import.meta.url));
const DEADLINE_MS = 180_000;
const scratch = mkdtempSync(join(tmpdir(), 'walproof-soak-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function walproof<T>(...args: string[]): Promise<{ exitCode: number; document: T; stderr: string }> {
  const ended = Promise.withResolvers<{ exitCode: number; document: T; stderr: string }>();
  execFile(process.execPath, [CLI, ...args, '--json'], { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
    try {
      ended.resolve({ exitCode: Number(error?.code ?? 0), document: JSON.parse(stdout) as T, stderr });
    } catch {
      ended.reject(new Error(`no document on stdout; stderr:\n${stderr}`));
    }
  });
  return ended.promise;
}

const soak = (...args: string[]) =>
  walproof<SoakDocument>('soak', 'nanoclaw', '--engine', 'process', '--out', scratch, '--faults', 'none', ...args);

test(
  'two runs pass, each with a seed of its own and a bundle that says the same when judged again',
  async () => {
    const { exitCode, document, stderr } = await soak('--runs', '2', '--seed', '7001');
    expect(document).toMatchObject({ verdict: 'pass', asked: 2, passed: 2, ended: null });
    expect(exitCode).toBe(0);
    expect(document.runs.map(({ seed }) => seed)).toEqual([7001, 7002]);
    for (const { seed, bundle } of document.runs) {
      expect(stderr).toContain(`seed ${seed}`);
      const again = await walproof<RecheckDocument>('recheck', bundle);
      expect(again.document.recheck).toEqual({ stored: 'pass', same: true, differences: [] });
      expect(again.document.services[0]?.control?.busy).toBeGreaterThan(0);
      expect(again.exitCode).toBe(0);
    }
  },
  DEADLINE_MS,
);

test(
  'the first run that fails is the last, and its bundle stays',
  async () => {
    const module = ['--db-module', 'nanoclaw=fixtures/variants/nanoclaw/unpatched.ts', '--no-control'];
    const { exitCode, document } = await soak('--runs', '5', '--seed', '41', '--duration', '1s', ...module);
    expect(document).toMatchObject({ verdict: 'fail', asked: 5, passed: 0 });
    expect(document.runs).toMatchObject([{ run: 1, seed: 41 }]);
    expect(exitCode).toBe(1);
    expect(document.ended?.bundle).toBe(document.runs[0]?.bundle);
    expect(existsSync(join(document.ended?.bundle ?? '', 'verdict.json'))).toBe(true);
  },
  DEADLINE_MS,
);
