/**
 * Claim:  every engine keeps the promises of model/stack.ts, so that traffic, faults and checkers need to know none.
 * Method: the tiny service is brought up by the engine under test, and each promise is taken at its word: by HTTP, by
 *         a lock that a child of the service holds, and by looking for what is left at the end.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { newRunId } from '../engine/shared/run-id.ts';
import type { Engine } from '../model/stack.ts';
import { besideCases } from './engine-cases/beside.ts';
import { cleaningCases } from './engine-cases/cleaning.ts';
import { dataCases } from './engine-cases/data.ts';
import { faultCases } from './engine-cases/fault.ts';
import { tinyService } from './engine-cases/harness/definition.ts';
import type { CreateTiny, EngineHooks } from './engine-cases/harness/hooks.ts';
import { containerCases, limitCases } from './engine-cases/limits.ts';
import { replaceCases } from './engine-cases/replace.ts';
import { startCases } from './engine-cases/start.ts';
import { stopCases } from './engine-cases/stop.ts';

export type { EngineHooks } from './engine-cases/harness/hooks.ts';

const CASE_TIMEOUT_MS = 120_000;
/** An engine may have to build an image first. */
const PREPARE_TIMEOUT_MS = 600_000;

/** Registers the cases for one engine. Call it at the top level of a test file. */
export function engineCases(name: string, createEngine: () => Promise<Engine>, hooks: EngineHooks): void {
  describe(`${name} engine`, { timeout: CASE_TIMEOUT_MS }, () => {
    let engine: Engine;
    const createTiny: CreateTiny = (modes, options = {}) =>
      engine.createStack({ service: tinyService(modes), runId: newRunId(), ...options });

    beforeAll(async () => {
      engine = await createEngine();
      await engine.prepare([tinyService({ 'tiny-1': 'plain' })], () => undefined);
    }, PREPARE_TIMEOUT_MS);

    describe('start', () => startCases(createTiny));
    describe('stop', () => stopCases(createTiny));
    describe('kill and pause', () => faultCases(createTiny));
    describe('a rolling restart', () => replaceCases(createTiny));
    describe('a limited data folder', () => limitCases(() => engine, createTiny));
    describe('containers', () => containerCases(() => engine, createTiny));
    describe('data', () => dataCases(createTiny));
    describe('programs beside the services', () => besideCases(createTiny));
    describe('cleaning', () => cleaningCases(() => engine, createTiny, hooks));

    test('names the versions it runs on', async () => {
      const versions = await engine.versions();
      expect(Object.keys(versions).length).toBeGreaterThan(0);
      for (const version of Object.values(versions)) expect(version).not.toBe('');
    });
  });
}
