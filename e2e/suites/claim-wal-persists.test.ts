/**
 * Claim:  each patched service runs its database in WAL mode, and every connection follows the pragma policy. Both, and every
 *         acknowledged write, survive a restart, a SIGKILL, and the removal and re-creation of all processes with their
 *         containers on the same volume.
 * Method: traffic all the while; each of the three is done to all processes at once. Three witnesses, before and after each:
 *         every connection's own attestation, a fresh connection from another process, bytes 18 and 19 of a copy's header.
 *         In the end the service itself says what it kept.
 * Red as: journal-mode-not-wal, pragma-drift, or a write that is gone. Not claimed: power loss.
 */
import { describe, expect, test } from 'vitest';
import { pragmaPolicy } from '../check/pragma-policy.ts';
import { walMode } from '../check/wal-mode.ts';
import { writes } from '../check/writes.ts';
import { copyOf } from '../database-copy.ts';
import { type Evidence, observationsOf } from '../model/evidence.ts';
import type { ServiceUnderTest } from '../model/scenario.ts';
import type { DatabaseState } from '../model/seen.ts';
import type { Engine, Stack } from '../model/stack.ts';
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
const ACKNOWLEDGED_BETWEEN = 200;

async function started(engine: Engine, service: ServiceUnderTest): Promise<{ stack: Stack; recorder: ArmRecorder }> {
  const sink = { op: () => undefined, observation: () => undefined };
  const recorder = new ArmRecorder('subject', service.definition.name, sink, performance.now());
  const stack = await stackFor(engine, service, {
    events: {
      onLine(line) {
        const seen = observationFromLog(line, line.incarnation);
        if (seen !== null) recorder.observe(seen);
      },
      onStarted(process, { incarnation, pid }) {
        recorder.observe({ kind: 'process-started', process, incarnation, pid });
      },
      onExit(exit) {
        recorder.observe({ kind: 'process-exited', ...exit });
      },
    },
  });
  await stack.start();
  return { stack, recorder };
}

describe.each(EVERYWHERE)('$where', ({ engine, service }) => {
  test(`WAL, the policy and the acknowledged writes survive ${Object.keys(HURTS).join(', ')}`, async () => {
    const { stack, recorder } = await started(engine, service);
    const look = async (state: DatabaseState) => {
      await observeProbe(stack, recorder, state);
      await using copy = await copyOf(stack);
      await observeHeader(copy.file, recorder, state);
    };
    const acknowledgeMore = async () => {
      const target = recorder.okOps + ACKNOWLEDGED_BETWEEN;
      await expect.poll(() => recorder.okOps, { timeout: 20_000, interval: 20 }).toBeGreaterThan(target);
    };
    const ending = new AbortController();
    const context = { stack, recorder, signal: ending.signal, seed: 7, clients: 2, ratePerSecond: 300 };
    const traffic = service.traffic.run(context);
    try {
      await look('open');
      for (const hurt of Object.values(HURTS)) {
        await acknowledgeMore();
        await hurt(stack);
        await stack.start();
        await look('restarted');
      }
      await acknowledgeMore();
    } finally {
      ending.abort();
      await traffic;
    }
    const { signal } = new AbortController();
    for (const read of await service.traffic.finalRead({ stack, ops: recorder.ops, keptOnly: true, signal }))
      recorder.observe(read);

    const evidence: Evidence = {
      service: service.definition,
      arm: 'subject',
      variant: 'patched',
      ops: recorder.ops,
      observations: recorder.observations,
      demands: { okOps: 0, okOpsAroundFault: 0, faults: [], control: false, controlResult: null },
    };
    // Each of the processes opened anew each time.
    expect(observationsOf(evidence, 'attestation').length).toBeGreaterThanOrEqual(4 * (1 + Object.keys(HURTS).length));
    expect(observationsOf(evidence, 'probe').length).toBe(1 + Object.keys(HURTS).length);
    expect(observationsOf(evidence, 'header').length).toBe(1 + Object.keys(HURTS).length);
    expect(resultOf(pragmaPolicy, evidence)).toBe('pragma-policy: pass');
    expect(resultOf(walMode, evidence)).toBe('wal-mode: pass');
    expect(resultOf(writes, evidence)).toBe('writes: pass');
  });
});
