/**
 * Claim:  a control that was refused enough waits for none of its processes that are still on their way.
 * Method: real processes of a service whose last one never gets its database open.
 * Red as: an arm that takes as long as that start may.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createProcessEngine } from '../engine/process/engine.ts';
import { PROJECT_ROOT } from '../engine/shared/project-root.ts';
import { evidenceFor, serviceNamed } from './claims.ts';

const service = serviceNamed('nanoclaw');
const LAST = 'agent-3';

test('a process that never starts keeps no control', { timeout: 25_000 }, async () => {
  const patched = await readFile(join(PROJECT_ROOT, service.definition.sourceDir, service.definition.dbModule), 'utf8');
  const never = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);';
  const dbModule = join(tmpdir(), 'never-opened.ts');
  await writeFile(dbModule, `if (process.env['AGENT_NAME'] === '${LAST}') ${never}\n${patched}`);
  const { ops, observations } = await evidenceFor({
    arm: 'control',
    loadsEarly: true,
    engine: createProcessEngine(),
    service,
    dbModule,
    durationMs: 500,
    leastOkOps: 10,
  });
  expect([...ops].filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThanOrEqual(10);
  const started = observations.flatMap((seen) => (seen.kind === 'process-started' ? [seen.process] : []));
  expect(started).toContain(LAST);
  expect(observations.filter(({ kind }) => kind === 'start-failed')).toEqual([]);
});
