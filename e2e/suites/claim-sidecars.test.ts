/**
 * Claim:  the -wal and -shm files exist exactly when they are due.
 * Method: stat of the data folder while the file is open, after all processes were killed at once, after they were
 *         started again, and after all closed cleanly (which deletes both: https://sqlite.org/wal.html, section 2.1).
 *         A db module that never comes back from its closing makes one process give its connections up.
 * Red as: sidecar-missing, sidecar-unexpected, unclean-close.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sidecars } from '../check/sidecars.ts';
import { observationsOf } from '../model/evidence.ts';
import { ENGINES, EVERYWHERE, evidenceFor, resultOf, serviceNamed } from './claims.ts';

describe.each(EVERYWHERE)('$where', ({ engine, service }) => {
  test('the sidecars are there while open, killed and restarted, and gone when stopped', async () => {
    const evidence = await evidenceFor({ engine, service, faults: 'kill*1' });
    const states = new Set(observationsOf(evidence, 'sidecars').map((seen) => seen.state));
    expect([...states].sort()).toEqual(['killed', 'open', 'restarted', 'stopped']);
    expect(resultOf(sidecars, evidence)).toBe('sidecars: pass');
  });
});

describe.each(ENGINES)('on the $name engine', (engine) => {
  test('a process that gives up its connections is named, although the last one to close deleted the files', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'walproof-close-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const service = serviceNamed('nanoclaw');
    const { sourceDir, dbModule } = service.definition;
    const patched = readFileSync(join(import.meta.dirname, '../..', sourceDir, dbModule), 'utf8');
    const stuck = patched.replace(
      'export function closeDatabase(): void {',
      "$& if (process.env.PROCESS_NAME === 'nanoclaw') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);",
    );
    const file = join(folder, 'db.ts');
    writeFileSync(file, stuck);
    const evidence = await evidenceFor({ engine, service, dbModule: file });
    expect(observationsOf(evidence, 'sidecars').at(-1)).toMatchObject({ state: 'stopped', walBytes: null });
    expect(resultOf(sidecars, evidence)).toMatch(
      /^sidecars: fail\nunclean-close: .* seen 1 given up \(nanoclaw \(start 1\)\)\.$/,
    );
  });
});
