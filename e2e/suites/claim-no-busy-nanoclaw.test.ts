/**
 * Claim:  no SQLITE_BUSY appears under nanoclaw's traffic: the loop polls, agents answer through IPC and write from processes of their own.
 * Method: seeded traffic on real processes; every statement the driver refused is recorded, whether or not the service
 *         noticed. That the unpatched variant is refused under such traffic is seen by each control: claim-verdict.test.ts.
 * Red as: busy, busy-snapshot, busy-recovery, locked, sqlite-error.
 */
import { describe, expect, test } from 'vitest';
import { noBusy } from '../check/no-busy.ts';
import { writes } from '../check/writes.ts';
import { ENGINES, evidenceFor, resultOf, serviceNamed } from './claims.ts';

const service = serviceNamed('nanoclaw');

describe.each(ENGINES.map((engine) => ({ engine, name: engine.name })))(
  'nanoclaw on the $name engine',
  ({ engine }) => {
    test('the patched db module is never refused and loses nothing', async () => {
      const evidence = await evidenceFor({ engine, service, durationMs: 2_000, leastOkOps: 501 });
      expect([...evidence.ops].filter((op) => op.outcome === 'ok').length).toBeGreaterThan(500);
      expect(resultOf(noBusy, evidence)).toBe('no-busy: pass');
      expect(resultOf(writes, evidence)).toBe('writes: pass');
    });
  },
);
