/** One service with one db module under load for a while, as evidence: brought up, loaded, read, removed. */
import { join } from 'node:path';
import { type ArmPlan, runArm } from '../arm.ts';
import { PROJECT_ROOT } from '../engine/shared/project-root.ts';
import { newRunId } from '../engine/shared/run-id.ts';
import { WalproofError } from '../model/errors.ts';
import type { Evidence } from '../model/evidence.ts';
import type { ServiceUnderTest, TrafficOptions } from '../model/scenario.ts';
import type { Engine } from '../model/stack.ts';

export interface LoadWish {
  service: ServiceUnderTest;
  engine: Engine;
  variant: string;
  traffic: TrafficOptions;
  durationMs: number;
  signal: AbortSignal;
}

/** Throws SERVICE_NOT_STARTED where the service did not come up: then there is nothing to compare. */
export async function armUnderLoad({ service, variant, ...wish }: LoadWish): Promise<Evidence> {
  const { name, variants } = service.definition;
  const file = variants[variant];
  const plan: ArmPlan = {
    ...wish,
    service,
    variant,
    // A control is started with patience and judged by nothing: both sides are only loaded.
    arm: 'control',
    runId: newRunId(),
    dbModule: file === undefined ? null : join(PROJECT_ROOT, file),
    calmMs: 0,
    faults: [],
    demands: { okOps: 0, okOpsAroundFault: 0, faults: [], control: false, controlResult: null },
    sink: {
      op: () => undefined,
      observation: () => undefined,
      log: () => undefined,
      databaseFolder: () => Promise.reject(new RangeError('a bench keeps no database')),
    },
    startedAt: performance.now(),
    onStage: () => undefined,
  };
  const evidence = await runArm(plan);
  const failed = evidence.observations.find((seen) => seen.kind === 'start-failed');
  if (failed?.kind !== 'start-failed') return evidence;
  throw new WalproofError(
    'SERVICE_NOT_STARTED',
    `expected ${name} with ${variant} to start, seen: ${failed.message}`,
    'without it there is nothing to measure; read its last lines below',
    { details: failed.lastLines },
  );
}
