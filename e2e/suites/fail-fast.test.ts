/**
 * Claim:  `verify --fail-fast` ends at its first finding, in order: the verdict names it and when it was seen, what was not seen
 *         is not passed, and the bundle is as whole as any.
 * Method: the real command on the unpatched variants, and on the patched db modules, which it must not stop.
 * Red as: a run that goes on, a second service begun, a bundle that recheck judges otherwise.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { RecheckDocument } from '../commands/recheck.ts';
import type { VerdictDocument } from '../report/verdict-document.ts';
import { walproof } from './command.ts';

const RUN_DEADLINE_MS = 120_000;
const scratch = mkdtempSync(join(tmpdir(), 'walproof-fail-fast-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const verify = (...args: string[]) =>
  walproof('verify', '--engine', 'process', '--seed', '3', '--fail-fast', '--json', '--out', scratch, ...args);

test(
  'the unpatched variant is stopped before its traffic, and the service after it is not begun',
  async () => {
    const { exitCode, stdout, stderr } = await verify(
      '--db-module',
      'nanoclaw=fixtures/variants/nanoclaw/unpatched.ts',
      '--no-control',
    );
    const document = JSON.parse(stdout) as VerdictDocument;
    expect(exitCode).toBe(1);
    expect(document).toMatchObject({ verdict: 'fail', stoppedBy: { service: 'nanoclaw' } });
    expect(document.services.map(({ name }) => name)).toEqual(['nanoclaw']);
    const [{ checks = [], faults = [] } = {}] = document.services;
    const { check: stoppedAt, code, atMs } = document.stoppedBy ?? {};
    expect(checks.find(({ check }) => check === stoppedAt)?.findings.map((finding) => finding.code)).toContain(code);
    expect(atMs).toBeLessThan(document.durationMs);
    // No fault was reached, so nothing says that the service outlives one.
    expect(faults).toEqual([]);
    expect(checks.find(({ check }) => check === 'exercised')?.verdict).toBe('unknown');
    expect(stderr).toContain('stopping at the first finding');
    expect(readFileSync(join(document.bundle, 'report.html'), 'utf8')).toContain('The run ended at its first finding');

    const again = await walproof('recheck', document.bundle, '--json');
    expect(JSON.parse(again.stdout) as RecheckDocument).toMatchObject({ recheck: { same: true } });
    expect(again.exitCode).toBe(1);
  },
  RUN_DEADLINE_MS,
);

test(
  'a service without a finding runs to its end',
  async () => {
    const { exitCode, stdout } = await verify('oracle-v2', '--faults', 'kill', '--duration', '2s');
    const document = JSON.parse(stdout) as VerdictDocument;
    expect(document).toMatchObject({ verdict: 'pass', services: [{ name: 'oracle-v2' }] });
    expect(document.stoppedBy).toBeUndefined();
    expect(document.services[0]?.faults).toHaveLength(4);
    expect(exitCode).toBe(0);
    const kinds = new Set(document.timeline?.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(['fault', 'images', 'judge', 'look', 'start', 'stop', 'traffic']);
  },
  RUN_DEADLINE_MS,
);
