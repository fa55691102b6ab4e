/** What the claim files share: the engines to prove a claim on, and one arm as evidence. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runArm } from '../arm.ts';
import { createDockerEngine } from '../engine/docker/engine.ts';
import { createProcessEngine } from '../engine/process/engine.ts';
import { newRunId } from '../engine/shared/run-id.ts';
import { faultsNamed } from '../faults/named.ts';
import type { Checker, Evidence } from '../model/evidence.ts';
import type { Arm } from '../model/op.ts';
import type { ServiceUnderTest } from '../model/scenario.ts';
import type { Engine, Stack, StackOptions } from '../model/stack.ts';
import type { CheckResult } from '../model/verdict.ts';
import { SERVICES } from '../services/index.ts';

export const ENGINES: readonly Engine[] = (process.env['WALPROOF_ENGINES'] ?? 'process')
  .split(',')
  .map((name) => (name === 'docker' ? createDockerEngine() : createProcessEngine()));

/** Every service on every engine that can serve here, for `describe.each`. */
export const EVERYWHERE = ENGINES.flatMap((engine) =>
  SERVICES.map((service) => ({ engine, service, where: `${service.definition.name} on the ${engine.name} engine` })),
);

export function serviceNamed(name: string): ServiceUnderTest {
  const service = SERVICES.find(({ definition }) => definition.name === name);
  if (service === undefined) throw new RangeError(`no service ${name}`);
  return service;
}

export interface ArmWish {
  /** A control is loaded and read, without waiting for what is owed: enough where only refusals count. Default `subject`. */
  arm?: Arm;
  /** As a run's controls do. Default: all processes are up before the load begins. */
  loadsEarly?: boolean;
  engine: Engine;
  service: ServiceUnderTest;
  /** A variant's name; the patched module when omitted. */
  variant?: string;
  /** Absolute path of a db module that is no variant. */
  dbModule?: string;
  /** As for `--faults`. Default `none`. */
  faults?: string;
  durationMs?: number;
  seed?: number;
  okOpsAroundFault?: number;
  /** A slow machine takes longer for as much. */
  leastOkOps?: number;
}

/** Runs one arm of a claim and returns what was seen. */
export async function evidenceFor(wish: ArmWish): Promise<Evidence> {
  const {
    arm = 'subject',
    loadsEarly = false,
    engine,
    service,
    variant = 'patched',
    dbModule = variant === 'patched' ? null : variantFile(service, variant),
    faults = 'none',
    durationMs = 2_000,
    seed = 1,
    okOpsAroundFault = 20,
    leastOkOps = 0,
  } = wish;
  await engine.prepare([service.definition], () => undefined);
  const folder = await mkdtemp(join(tmpdir(), 'walproof-claim-'));
  try {
    return await runArm({
      arm,
      service,
      engine,
      runId: newRunId(),
      variant,
      dbModule,
      traffic: { seed, clients: 4, ratePerSecond: 400 },
      durationMs,
      loadsEarly,
      isEnough: ({ okOps }) => okOps >= leastOkOps,
      calmMs: 0,
      faults: faultsNamed(faults),
      demands: { okOps: 100, okOpsAroundFault, faults: [], control: false, controlResult: null },
      sink: {
        op: () => undefined,
        observation: () => undefined,
        log: () => undefined,
        databaseFolder: async () => folder,
      },
      startedAt: performance.now(),
      signal: new AbortController().signal,
      onStage: () => undefined,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A stack of a service that is removed when the test ends. */
export async function stackFor(
  engine: Engine,
  service: ServiceUnderTest,
  options: Partial<StackOptions> = {},
): Promise<Stack> {
  await engine.prepare([service.definition], () => undefined);
  const stack = await engine.createStack({ service: service.definition, runId: newRunId(), ...options });
  onTestFinished(() => stack[Symbol.asyncDispose]());
  return stack;
}

/** Absolute path of a variant. */
export function variantFile(service: ServiceUnderTest, variant: string): string {
  const file = service.definition.variants[variant];
  if (file === undefined) throw new RangeError(`${service.definition.name} has no variant ${variant}`);
  return join(import.meta.dirname, '..', '..', file);
}

/** A check's result as text, so that a failed expectation shows its findings. */
export function resultOf(checker: Checker, evidence: Evidence): string {
  return describeResult(checker.check(evidence));
}

function describeResult({ check, verdict, findings }: CheckResult): string {
  return [`${check}: ${verdict}`, ...findings.map(({ code, message }) => `${code}: ${message}`)].join('\n');
}
