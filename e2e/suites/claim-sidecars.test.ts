/**
 * Claim:  the -wal and -shm files exist exactly when they are due.
 * Method: stat of the data folder while the file is open, after all processes were killed at once, after they were
 *         started again, and after all closed cleanly (which deletes both: https://sqlite.org/wal.html, section 2.1).
 * Red as: sidecar-missing, sidecar-unexpected.
 */
import { describe, expect, test } from 'vitest';
import { sidecars } from '../check/sidecars.ts';
import { observationsOf } from '../model/evidence.ts';
import { EVERYWHERE, evidenceFor, resultOf } from './claims.ts';

describe.each(EVERYWHERE)('$where', ({ engine, service }) => {
  test('the sidecars are there while open, killed and restarted, and gone when stopped', async () => {
    const evidence = await evidenceFor({ engine, service, faults: 'kill' });
    const states = new Set(observationsOf(evidence, 'sidecars').map((seen) => seen.state));
    expect([...states].sort()).toEqual(['killed', 'open', 'restarted', 'stopped']);
    expect(resultOf(sidecars, evidence)).toBe('sidecars: pass');
  });
});
