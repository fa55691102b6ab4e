/**
 * Claim:  WAL mode and every acknowledged write survive a restart, a SIGKILL, and the removal and re-creation of all
 *         processes with their containers on the same volume.
 * Method: write through the service, do it to all processes at once, then ask a fresh connection, the header bytes and
 *         the service itself.
 * Red as: a journal mode other than wal, or a write that is gone. Not claimed: power loss.
 */
import { describe, expect, test } from 'vitest';
import { walMode } from '../check/wal-mode.ts';
import { writes } from '../check/writes.ts';
import type { Evidence } from '../model/evidence.ts';
import type { Stack } from '../model/stack.ts';
import { observeHeader, observeProbe } from '../observe/database.ts';
import { observationFromLog } from '../observe/log-events.ts';
import { ArmRecorder } from '../observe/recorder.ts';
import { EVERYWHERE, resultOf, stackFor } from './claims.ts';

const HURTS: Record<string, (stack: Stack) => Promise<void>> = {
  'a graceful restart of all': async (stack) => {
    await Promise.all(stack.processes.map(({ name }) => stack.stop(name)));
  },
  'SIGKILL of all at once': (stack) => stack.kill(),
  'removal and re-creation on the same volume': async (stack) => {
    await stack.kill();
    await stack.recreate();
  },
};

describe.each(EVERYWHERE)('$where', ({ engine, service }) => {
  test.each(Object.keys(HURTS))('WAL and the acknowledged writes survive %s', async (name) => {
    const recorder = new ArmRecorder(
      'subject',
      service.definition.name,
      { op: () => undefined, observation: () => undefined },
      performance.now(),
    );
    const stack = await stackFor(engine, service, {
      events: {
        onLine(line) {
          const seen = observationFromLog(line, 1);
          if (seen !== null) recorder.observe(seen);
        },
      },
    });
    await stack.start();
    const ending = new AbortController();
    const traffic = service.traffic.run({
      stack,
      recorder,
      signal: ending.signal,
      seed: 7,
      clients: 2,
      ratePerSecond: 300,
    });
    await expect.poll(() => recorder.okOps, { timeout: 20_000 }).toBeGreaterThan(200);
    ending.abort();
    await traffic;

    await HURTS[name]?.(stack);
    await stack.start();
    await observeProbe(stack, recorder, 'restarted');
    await observeHeader(stack, recorder, 'restarted');
    for (const read of await service.traffic.finalRead(stack)) recorder.observe(read);

    const evidence: Evidence = {
      service: service.definition,
      arm: 'subject',
      variant: 'patched',
      ops: recorder.ops,
      observations: recorder.observations,
      demands: { okOps: 0, okOpsAroundFault: 0, faults: [], control: false, controlResult: null },
    };
    expect(resultOf(walMode, evidence)).toBe('wal-mode: pass');
    expect(resultOf(writes, evidence)).toBe('writes: pass');
  });
});
