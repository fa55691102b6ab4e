/** One service with one db module on one fresh database: brought up, loaded, hurt, read, stopped. */
import type { ArmPlan, Enter } from './arm-plan.ts';
import { type BroughtUp, bringUp, isServiceFailure, recordStartFailure } from './bring-up.ts';
import { conclude, look } from './conclude.ts';
import { loadAndHurt } from './load.ts';
import type { Evidence } from './model/evidence.ts';
import type { Stack } from './model/stack.ts';
import { CrashCopies } from './observe/crash/copies.ts';
import { observationFromLog } from './observe/log-events.ts';
import { ArmRecorder } from './observe/recorder.ts';

export type { ArmPlan } from './arm-plan.ts';

/** Runs the arm to its end and returns everything seen. A service that cannot be started is evidence, not an error. */
export async function runArm(plan: ArmPlan): Promise<Evidence> {
  const recorder = new ArmRecorder(plan.arm, plan.service.definition.name, plan.sink, plan.startedAt);
  const enter: Enter = (kind, what) => plan.onStage({ kind, what }, recorder);
  await plan.turn?.mayStart;
  plan.signal.throwIfAborted();
  enter('start', 'starting');
  await using stack = await createStack(plan, recorder);
  removeOnAbort(stack, plan.signal);
  const isEnough = plan.loadsEarly === true ? () => plan.isEnough?.(recorder) ?? false : undefined;
  const [up] = await Promise.all([bringUp(stack, recorder, plan.signal, isEnough), observeFilesystem(stack, recorder)]);
  if (up !== null) {
    try {
      await putToTheTest(stack, recorder, plan, enter, up);
    } catch (error) {
      if (plan.signal.aborted || !isServiceFailure(error)) throw error;
      recordStartFailure(recorder, error);
    }
  }
  enter('stop', 'removing');
  return evidenceOf(plan, recorder);
}

async function observeFilesystem(stack: Stack, recorder: ArmRecorder): Promise<void> {
  recorder.observe({ kind: 'filesystem', type: await stack.filesystem() });
}

async function putToTheTest(
  stack: Stack,
  recorder: ArmRecorder,
  plan: ArmPlan,
  enter: Enter,
  up: BroughtUp,
): Promise<void> {
  if (plan.arm === 'subject') {
    enter('look', 'looking');
    await look(stack, recorder, 'open');
  }
  await plan.turn?.mayLoad;
  plan.turn?.loadBegan();
  const copies = plan.demands.crashImages === undefined ? null : new CrashCopies(stack, recorder);
  await loadAndHurt(stack, recorder, plan, enter, copies);
  // Whoever is still on the way when a control has been refused enough is removed there.
  if (plan.loadsEarly !== true || plan.isEnough?.(recorder) !== true) await up.all;
  plan.turn?.loadEnded();
  if (plan.isOver?.() === true) return;
  await conclude(stack, recorder, plan, enter);
  if (copies !== null) await lookAtCrashImages(copies, plan, enter);
}

/** The services have ended by then, so the machine is free for it. */
async function lookAtCrashImages(copies: CrashCopies, plan: ArmPlan, enter: Enter): Promise<void> {
  enter('look', 'crash images');
  const keepIn = await plan.sink.databaseFolder(plan.service.definition.name);
  await copies.sweep(plan.traffic.seed, keepIn, plan.signal);
}

/** An interruption must not wait for the call in hand: what it waits for is removed, so it fails. */
function removeOnAbort(stack: Stack, signal: AbortSignal): void {
  const remove = async () => {
    try {
      await stack[Symbol.asyncDispose]();
    } catch {
      // It shows again when the arm disposes the stack; here nobody could be told.
    }
  };
  signal.addEventListener('abort', () => void remove(), { once: true });
}

function evidenceOf(plan: ArmPlan, { ops, observations }: ArmRecorder): Evidence {
  const { arm, variant, demands } = plan;
  return { service: plan.service.definition, arm, variant, ops, observations, demands };
}

async function createStack(plan: ArmPlan, recorder: ArmRecorder): Promise<Stack> {
  const limits = plan.faults.flatMap(({ fault }) => fault.dataLimitBytes ?? []);
  return plan.engine.createStack({
    service: plan.service.definition,
    runId: plan.runId,
    ...(plan.dbModule === null ? {} : { dbModule: plan.dbModule }),
    ...(plan.faults.some(({ fault }) => fault.needsOwnNetwork) ? {} : { sharesNetwork: true as const }),
    ...(limits.length === 0 ? {} : { dataLimitBytes: Math.min(...limits) }),
    events: {
      onLine(line) {
        plan.sink.log(plan.arm, line.process, line.line);
        const seen = observationFromLog(line, line.incarnation, (epochMs) => recorder.runTimeOf(epochMs));
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
}
