/**
 * Claim:  each check of what a service does and of its files goes red on a real run in which a db module breaks that promise.
 * Method: the services with a module that is the patched one but for a line, on the process engine: the checks judge
 *         observations, and these are the same on both engines.
 * Red as: a run that passes its check, or fails it by another code. Not claimed: that other checks stay green meanwhile.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { CHECKERS } from '../check/index.ts';
import { createProcessEngine } from '../engine/process/engine.ts';
import { evidenceFor, serviceNamed, variantFile } from './claims.ts';
import { RED_MODULES } from './red-modules.ts';

const DEADLINE_MS = 120_000;
const scratch = mkdtempSync(join(tmpdir(), 'walproof-red-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.each(RED_MODULES)('a db module of $service that $sin', ({ service: name, check, code, change, ...wish }) => {
  test(`fails ${check} by ${code}`, { timeout: DEADLINE_MS }, async () => {
    const service = serviceNamed(name);
    const module = join(scratch, `${name}-${code}.ts`);
    writeFileSync(module, change(readFileSync(variantFile(service, 'patched'), 'utf8')));
    const evidence = await evidenceFor({
      engine: createProcessEngine(),
      service,
      dbModule: module,
      durationMs: 4_000,
      ...wish,
    });
    const result = CHECKERS.find((checker) => checker.name === check)?.check(evidence);
    // First, so that what was found instead is told.
    const findings = result?.findings.map((finding) => `${finding.code}: ${finding.message}`);
    expect(findings).toContainEqual(expect.stringMatching(new RegExp(`^${code}: `)));
    expect(result).toMatchObject({ check, verdict: 'fail' });
  });
});
