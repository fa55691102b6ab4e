/**
 * Claim:  both patched services bear every fault: each takes effect, nothing that was acknowledged is lost, and no statement
 *         is refused but by a disk that is full.
 * Method: the real command with every fault the process engine can do, in an order drawn from the seed. Each fault on its
 *         own, and on the docker engine, is in faults.test.ts.
 * Red as: a finding of any check, or a fault without effect.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createProcessEngine } from '../engine/process/engine.ts';
import { faultsNamed, possibleOn } from '../faults/named.ts';
import type { VerdictDocument } from '../report/verdict-document.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const RUN_DEADLINE_MS = 240_000;
const scratch = mkdtempSync(join(tmpdir(), 'walproof-faults-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test(
  'verify with all faults passes, and each took effect',
  async () => {
    const args = ['verify', '--faults', 'all', '--engine', 'process', '--seed', '7', '--json', '--out', scratch];
    const { exitCode, stdout } = await new Promise<{ exitCode: number; stdout: string }>((resolve) => {
      const command = [join(ROOT, 'e2e', 'cli.ts'), ...args];
      execFile(process.execPath, command, { cwd: ROOT, maxBuffer: 1 << 26 }, (error, out) =>
        resolve({ exitCode: Number(error?.code ?? 0), stdout: out }),
      );
    });
    const document = JSON.parse(stdout) as VerdictDocument;
    const findings = document.services.flatMap((service) => service.checks.flatMap((check) => check.findings));
    expect(findings).toEqual([]);
    expect(exitCode).toBe(0);
    const possible = await possibleOn(createProcessEngine(), 'all', faultsNamed('all'), () => undefined);
    for (const { faults } of document.services) {
      expect(faults.map(({ name }) => name).sort()).toEqual(possible.map(({ fault }) => fault.name).sort());
      expect(faults.filter(({ tookEffect }) => !tookEffect)).toEqual([]);
    }
  },
  RUN_DEADLINE_MS,
);
