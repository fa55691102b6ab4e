/** One quick scenario: a service with some of its sources changed, judged as it goes until something is wrong. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runArm } from '../arm.ts';
import { failing } from '../check/index.ts';
import { newRunId } from '../engine/shared/run-id.ts';
import { inTurn } from '../faults/schedule.ts';
import type { Demands, Evidence } from '../model/evidence.ts';
import type { ServiceUnderTest } from '../model/scenario.ts';
import type { Engine } from '../model/stack.ts';
import type { Stage } from '../model/timeline.ts';
import type { CheckResult } from '../model/verdict.ts';
import type { ArmRecorder } from '../observe/recorder.ts';
import { exposing } from './bring-up.ts';
import { probesNamed } from './probes/index.ts';
import type { Exposure } from './rule.ts';

/** Enough to keep every client busy, little enough that two cores do not become what is tested. */
const CLIENTS = 4;
const RATE_PER_SECOND = 300;
const TRAFFIC_MS = 400;
/** A scenario this short owes nothing but its findings: only a `fail` counts here, never an `unknown`. */
const DEMANDS: Demands = { okOps: 0, okOpsAroundFault: 20, faults: [], control: false, controlResult: null };

export interface ExposeOptions {
  service: ServiceUnderTest;
  engine: Engine;
  /** Sources that take the place of others; empty for the service as it is. */
  overlay: ReadonlyMap<string, string>;
  exposure: Exposure;
  seed: number;
  signal: AbortSignal;
}

export interface Exposed {
  /** The checks that fail, at the first moment when any did; empty when none ever did. */
  failing: CheckResult[];
  /** From the beginning to that moment, or to the end. */
  seconds: number;
  /** What was being done just before. */
  stage: string;
  evidence: Evidence;
}

/**
 * Runs the scenario to its first failing check. Checks look between the stages only, where nothing is half done: a refusal
 * that is about to be tried again is no finding yet.
 */
export async function expose(options: ExposeOptions): Promise<Exposed> {
  const { service, exposure, signal } = options;
  const startedAt = performance.now();
  const found = new AbortController();
  let stage = '';
  let exposed: Exposed | null = null;
  const look = (evidence: Evidence): Exposed => {
    const found = failing(evidence);
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    return { failing: found, seconds, stage, evidence };
  };
  const onStage = ({ what: next }: Stage, { ops, observations }: ArmRecorder): void => {
    if (exposed !== null) return;
    const seen = look({
      service: service.definition,
      arm: 'subject',
      variant: 'mutant',
      ops,
      observations,
      demands: DEMANDS,
    });
    stage = next;
    if (seen.failing.length === 0) return;
    exposed = seen;
    found.abort(new Error('a check failed, which is what was looked for'));
  };
  const folder = await mkdtemp(join(tmpdir(), 'walproof-copy-'));
  try {
    const evidence = await runArm({
      arm: 'subject',
      service,
      engine: exposing(options.engine, options.overlay, exposure.start),
      runId: newRunId(),
      variant: 'mutant',
      dbModule: null,
      traffic: { seed: options.seed, clients: CLIENTS, ratePerSecond: RATE_PER_SECOND },
      durationMs: TRAFFIC_MS,
      calmMs: 0,
      faults: probesNamed(exposure.probes).map(inTurn),
      demands: DEMANDS,
      sink: {
        op: () => undefined,
        observation: () => undefined,
        log: () => undefined,
        databaseFolder: async () => folder,
      },
      startedAt,
      signal: AbortSignal.any([signal, found.signal]),
      onStage,
    });
    return exposed ?? look(evidence);
  } catch (error) {
    // The abort above is what ended it.
    if (exposed !== null && !signal.aborted) return exposed;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
