/**
 * Claim:  each patched service runs its database in WAL mode, and every connection follows the pragma policy.
 * Method: three witnesses on a running stack: each connection's own attestation, a fresh connection from another
 *         process, bytes 18 and 19 of a copy's header. The unpatched variant must be told apart by the same witnesses.
 * Red as: journal-mode-not-wal, pragma-drift.
 */
import { describe, expect, test } from 'vitest';
import { pragmaPolicy } from '../check/pragma-policy.ts';
import { walMode } from '../check/wal-mode.ts';
import { observationsOf } from '../model/evidence.ts';
import { EVERYWHERE, evidenceFor, resultOf } from './claims.ts';

describe.each(EVERYWHERE)('$where', ({ engine, service }) => {
  test('three witnesses see WAL, and every connection attests the whole policy', async () => {
    const evidence = await evidenceFor({ engine, service });
    expect(observationsOf(evidence, 'attestation').length).toBeGreaterThanOrEqual(4);
    expect(observationsOf(evidence, 'probe').length).toBeGreaterThan(0);
    expect(observationsOf(evidence, 'header').length).toBeGreaterThan(0);
    expect(resultOf(walMode, evidence)).toBe('wal-mode: pass');
    expect(resultOf(pragmaPolicy, evidence)).toBe('pragma-policy: pass');
  });
});
