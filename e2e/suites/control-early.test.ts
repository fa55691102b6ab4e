/**
 * Claim:  a control gets no more processes than it takes to be refused enough, and waits for none that is still on its way then.
 * Method: real processes of a service whose third one never gets its database open; acknowledged calls stand for refusals.
 * Red as: a third process that was started for nothing; an arm that takes as long as that start may.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProcessEngine } from '../engine/process/engine.ts';
import { PROJECT_ROOT } from '../engine/shared/project-root.ts';
import { evidenceFor, serviceNamed } from './claims.ts';

const service = serviceNamed('nanoclaw');
const THIRD = 'agent-2';

/** The processes that a control started until it had `leastOkOps`. */
async function startedFor(leastOkOps: number): Promise<string[]> {
  const patched = await readFile(join(PROJECT_ROOT, service.definition.sourceDir, service.definition.dbModule), 'utf8');
  const never = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);';
  const dbModule = join(tmpdir(), 'never-opened.ts');
  await writeFile(dbModule, `if (process.env['AGENT_NAME'] === '${THIRD}') ${never}\n${patched}`);
  const { ops, observations } = await evidenceFor({
    arm: 'control',
    loadsEarly: true,
    engine: createProcessEngine(),
    service,
    dbModule,
    durationMs: 100,
    leastOkOps,
  });
  expect([...ops].filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThanOrEqual(leastOkOps);
  expect(observations.filter(({ kind }) => kind === 'start-failed')).toEqual([]);
  return observations.flatMap((seen) => (seen.kind === 'process-started' ? [seen.process] : []));
}

test('enough with two processes: no third comes', { timeout: 25_000 }, async () => {
  expect(await startedFor(10)).toEqual(['nanoclaw', 'agent-1']);
});

test('enough while the third is on its way: nobody waits for it', { timeout: 25_000 }, async () => {
  expect(await startedFor(600)).toEqual(['nanoclaw', 'agent-1', THIRD]);
});
