/**
 * Claim:  `walproof verify` passes the patched db modules, fails the unpatched ones by name, and passes nothing that was
 *         not exercised.
 * Method: the real command, with its real exit code and document, on every engine that can serve.
 * Red as: a wrong verdict or exit code; anything left behind.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { VerdictDocument } from '../report/verdict-document.ts';
import { SERVICES } from '../services/index.ts';
import { ENGINES } from './claims.ts';

const CLI = fileURLToPath(new URL('../cli.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RUN_DEADLINE_MS = 240_000;
const scratch = mkdtempSync(join(tmpdir(), 'walproof-verdict-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function verify(...args: string[]): Promise<{ exitCode: number; document: VerdictDocument }> {
  const ended = Promise.withResolvers<{ exitCode: number; document: VerdictDocument }>();
  const all = [CLI, 'verify', '--json', '--out', scratch, ...args];
  execFile(process.execPath, all, { cwd: ROOT, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
    try {
      ended.resolve({ exitCode: Number(error?.code ?? 0), document: JSON.parse(stdout) as VerdictDocument });
    } catch {
      ended.reject(new Error(`no document on stdout; stderr:\n${stderr}`));
    }
  });
  return ended.promise;
}

const codesOf = (checks: VerdictDocument['services'][number]['checks']) =>
  checks.flatMap(({ findings }) => findings.map(({ code }) => code));
const allCodesOf = ({ services }: VerdictDocument) => services.flatMap(({ checks }) => codesOf(checks));

describe.each(ENGINES.map((engine) => engine.name))('on the %s engine', (engine) => {
  test(
    'the patched db modules pass, each control was busy, each fault took effect, and the bundle is complete',
    async () => {
      const { exitCode, document } = await verify('--engine', engine, '--seed', '11');
      expect(allCodesOf(document)).toEqual([]);
      expect(exitCode).toBe(0);
      expect(document).toMatchObject({ schemaVersion: 1, tool: 'walproof', verdict: 'pass', seed: 11, engine });
      expect(document.services.map((service) => service.name)).toEqual(
        SERVICES.map(({ definition }) => definition.name),
      );
      for (const { control, faults } of document.services) {
        expect(control?.busy).toBeGreaterThanOrEqual(1);
        expect(faults.map((fault) => fault.tookEffect)).toEqual(Array(8).fill(true));
      }
      const bundle = readdirSync(document.bundle).sort();
      expect(bundle).toEqual([
        'SHA256SUMS',
        'db',
        'history.jsonl',
        'junit.xml',
        'logs',
        'observations.jsonl',
        'report.html',
        'run.json',
        'verdict.json',
      ]);
      expect(document.report).toBe(join(document.bundle, 'report.html'));
      expect(readdirSync(join(document.bundle, 'db', 'nanoclaw')).sort()).toEqual([
        'messages.db',
        'messages.db-shm',
        'messages.db-wal',
      ]);
      expect(JSON.parse(readFileSync(join(document.bundle, 'verdict.json'), 'utf8'))).toEqual(document);
    },
    RUN_DEADLINE_MS,
  );
});

// At once: most of the time goes by with waiting for work that was refused, until its claim ends with its lease.
test.concurrent.for(ENGINES.map((engine) => engine.name))(
  'the unpatched db modules fail on the %s engine, and busy is named',
  { timeout: RUN_DEADLINE_MS },
  async (engine, { expect }) => {
    const unpatched = SERVICES.map(({ definition: { name, variants } }) => `${name}=${variants['unpatched']}`);
    const modules = unpatched.flatMap((module) => ['--db-module', module]);
    const short = ['--faults', 'none', '--duration', '1500ms', '--no-control'];
    const { exitCode, document } = await verify('--engine', engine, '--side-by-side', ...modules, ...short);
    expect(exitCode).toBe(1);
    expect(document.verdict).toBe('fail');
    expect(document.services.map(({ variant }) => variant)).toEqual(unpatched.map(() => 'unpatched'));
    for (const { checks } of document.services) expect(codesOf(checks)).toContain('busy');
  },
);

describe('a pass is not given without evidence', () => {
  const short = ['nanoclaw', '--engine', 'process', '--faults', 'none', '--duration', '2s'];

  test('without the control the verdict is unknown', async () => {
    const { exitCode, document } = await verify(...short, '--duration', '4s', '--no-control');
    expect(exitCode).toBe(2);
    expect(document.verdict).toBe('unknown');
    expect(new Set(allCodesOf(document))).toEqual(new Set(['not-exercised']));
  });

  test('with hardly any traffic the verdict is unknown', async () => {
    const { exitCode, document } = await verify(...short, '--clients', '1', '--rate', '20');
    expect(exitCode).toBe(2);
    expect(new Set(allCodesOf(document))).toEqual(new Set(['not-exercised']));
  });
});

test('a db module that throws at start fails with the last lines of its process', async () => {
  const module = join(scratch, 'throws-at-start.ts');
  const patched = readFileSync(join(ROOT, 'fixtures/nanoclaw/src/db.ts'), 'utf8');
  const broken = patched.replace(
    'export function initDatabase(',
    "export function initDatabase(): void {\n  throw new Error('no such volume');\n}\n\nfunction unused(",
  );
  expect(broken).not.toBe(patched);
  writeFileSync(module, broken);
  const { exitCode, document } = await verify(
    'nanoclaw',
    '--engine',
    'process',
    '--no-control',
    '--db-module',
    `nanoclaw=${module}`,
  );
  expect(exitCode).toBe(1);
  expect(allCodesOf(document)).toContain('service-not-started');
  expect(JSON.stringify(document)).toContain('no such volume');
});
