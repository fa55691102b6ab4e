/** One service with one db module on one fresh database: brought up, loaded, hurt, read, stopped. */
import { until } from './engine/shared/until.ts';
import { runCampaign } from './faults/campaign.ts';
import { messageOf, WalproofError } from './model/errors.ts';
import type { Demands, Evidence } from './model/evidence.ts';
import type { Arm } from './model/op.ts';
import type { Fault, ServiceUnderTest, TrafficOptions } from './model/scenario.ts';
import type { Engine, Stack } from './model/stack.ts';
import {
  observeCopyIntegrity,
  observeHeader,
  observeLiveIntegrity,
  observeProbe,
  observeSidecars,
} from './observe/database.ts';
import { observationFromLog } from './observe/log-events.ts';
import { ArmRecorder, type RecordSink } from './observe/recorder.ts';

/** Enough ops must be acknowledged between two faults within this time, else the run goes on without more faults. */
const SETTLE_DEADLINE_MS = 20_000;
/** How often a process of the control is started again: refused at start, it would be restarted by Compose as well. */
const CONTROL_STARTS = 5;

export interface ArmPlan {
  arm: Arm;
  service: ServiceUnderTest;
  engine: Engine;
  runId: string;
  variant: string;
  /** Absolute path of the file in the db module's place; the module itself when null. */
  dbModule: string | null;
  traffic: TrafficOptions;
  durationMs: number;
  faults: readonly Fault[];
  demands: Demands;
  sink: RecordSink & {
    log(arm: Arm, process: string, line: string): void;
    databaseFolder(service: string): Promise<string>;
  };
  startedAt: number;
  signal: AbortSignal;
  /** Told at every step, with the recorder for its running totals. */
  onStage(stage: string, recorder: ArmRecorder): void;
}

/** Runs the arm to its end and returns everything seen. A service that cannot be started is evidence, not an error. */
export async function runArm(plan: ArmPlan): Promise<Evidence> {
  const recorder = new ArmRecorder(plan.arm, plan.service.definition.name, plan.sink, plan.startedAt);
  const stage = (text: string) => plan.onStage(text, recorder);
  stage('starting');
  await using stack = await createStack(plan, recorder);
  removeOnAbort(stack, plan.signal);
  recorder.observe({ kind: 'filesystem', type: await stack.filesystem() });
  if (await bringUp(stack, recorder, plan)) {
    try {
      if (plan.arm === 'subject') await look(stack, recorder, 'open');
      await loadAndHurt(stack, recorder, plan, stage);
      await conclude(stack, recorder, plan, stage);
    } catch (error) {
      if (plan.signal.aborted || !isServiceFailure(error)) throw error;
      recordStartFailure(recorder, error);
    }
  }
  stage('removing');
  return evidenceOf(plan, recorder);
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
  const incarnations = new Map<string, number>();
  return plan.engine.createStack({
    service: plan.service.definition,
    runId: plan.runId,
    ...(plan.dbModule === null ? {} : { dbModule: plan.dbModule }),
    events: {
      onLine(line) {
        plan.sink.log(plan.arm, line.process, line.line);
        const seen = observationFromLog(line, incarnations.get(line.process) ?? 1);
        if (seen !== null) recorder.observe(seen);
      },
      onStarted(process, { incarnation, pid }) {
        incarnations.set(process, incarnation);
        recorder.observe({ kind: 'process-started', process, incarnation, pid });
      },
      onExit(exit) {
        recorder.observe({ kind: 'process-exited', ...exit });
      },
    },
  });
}

/** False when the service could not be started; what was seen is recorded. */
async function bringUp(stack: Stack, recorder: ArmRecorder, plan: ArmPlan): Promise<boolean> {
  try {
    // The subject's processes start together on a fresh file, as Compose starts them. The control is only there to be
    // loaded: its first process comes alone, and those that are refused come again.
    if (plan.arm === 'subject') await stack.start();
    else await startPatiently(stack, plan.signal);
    return true;
  } catch (error) {
    if (plan.signal.aborted || !isServiceFailure(error)) throw error;
    recordStartFailure(recorder, error);
    return false;
  }
}

async function startPatiently(stack: Stack, signal: AbortSignal): Promise<void> {
  const [first = '', ...others] = stack.processes.map(({ name }) => name);
  await startAgain(stack, [first], signal);
  // Those that were refused among the others come again one by one.
  await stack.start(others).catch((error: unknown) => {
    if (signal.aborted || !isServiceFailure(error)) throw error;
  });
  for (const name of others) await startAgain(stack, [name], signal);
}

async function startAgain(stack: Stack, names: readonly string[], signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await stack.start(names);
      return;
    } catch (error) {
      if (signal.aborted || attempt === CONTROL_STARTS || !isServiceFailure(error)) throw error;
    }
  }
}

function isServiceFailure(error: unknown): error is WalproofError {
  return error instanceof WalproofError && error.code === 'SERVICE_NOT_STARTED';
}

function recordStartFailure(recorder: ArmRecorder, error: WalproofError): void {
  recorder.observe({
    kind: 'start-failed',
    process: recorder.service,
    message: messageOf(error),
    lastLines: [...error.details],
  });
}

async function look(stack: Stack, recorder: ArmRecorder, state: 'open' | 'restarted'): Promise<void> {
  await observeSidecars(stack, recorder, state);
  await observeProbe(stack, recorder, state);
  await observeHeader(stack, recorder, state);
}

/** Traffic for the whole duration, and longer while faults are still to come. */
async function loadAndHurt(
  stack: Stack,
  recorder: ArmRecorder,
  plan: ArmPlan,
  stage: (text: string) => void,
): Promise<void> {
  stage('traffic');
  const ending = new AbortController();
  const stopOn = AbortSignal.any([ending.signal, plan.signal]);
  const atMs = recorder.nowMs();
  const running = plan.service.traffic.run({ ...plan.traffic, stack, recorder, signal: stopOn });
  const lasted = () => recorder.nowMs() - atMs >= plan.durationMs;
  try {
    await runCampaign({
      stack,
      recorder,
      faults: plan.faults,
      signal: plan.signal,
      settled: settledBy(recorder, plan),
      onFault: (fault, target) => stage(`${fault} ${target}`),
      afterFault: () => observeSidecars(stack, recorder, 'restarted'),
    });
    stage('traffic');
    await until(lasted, { deadlineMs: plan.durationMs, signal: plan.signal });
  } finally {
    ending.abort();
    await running;
    recorder.observe({ kind: 'traffic', atMs, endedAtMs: recorder.nowMs(), clients: plan.traffic.clients });
  }
}

/** Waits until enough ops were called and acknowledged since it was last called; false when the deadline passed first. */
function settledBy(recorder: ArmRecorder, plan: ArmPlan): () => Promise<boolean> {
  return () => {
    const sinceMs = recorder.nowMs();
    let looked = recorder.ops.length;
    let acknowledged = 0;
    const enough = () => {
      for (; looked < recorder.ops.length; looked++) {
        const op = recorder.ops[looked];
        if (op?.outcome === 'ok' && op.calledAtMs >= sinceMs) acknowledged++;
      }
      return acknowledged >= plan.demands.okOpsAroundFault;
    };
    return until(enough, { deadlineMs: SETTLE_DEADLINE_MS, signal: plan.signal });
  };
}

/**
 * Stops all processes, the last one alone: only a connection that finds itself the last deletes the sidecars (wal.c,
 * sqlite3WalClose), and of several that close at one moment each may see another. That this was the cause is inferred: a
 * run whose processes stopped together kept both files once, and it was not reproduced.
 */
async function stopInOrder(stack: Stack): Promise<void> {
  const names = stack.processes.map(({ name }) => name);
  const last = names.pop();
  await Promise.all(names.map((name) => stack.stop(name)));
  if (last !== undefined) await stack.stop(last);
}

/**
 * The end of an arm. All processes are killed at once where kills were asked for, so that the sidecars and a crash copy
 * can be seen; after the recovery the service itself says what it kept; then all stop, and the sidecars must be gone.
 */
async function conclude(
  stack: Stack,
  recorder: ArmRecorder,
  plan: ArmPlan,
  stage: (text: string) => void,
): Promise<void> {
  const keep = plan.arm === 'subject' ? await plan.sink.databaseFolder(recorder.service) : undefined;
  if (plan.faults.some((fault) => fault.name === 'kill')) {
    stage('kill all');
    await stack.kill();
    await observeSidecars(stack, recorder, 'killed');
    await observeHeader(stack, recorder, 'killed', keep);
    await observeCopyIntegrity(stack, recorder);
    stage('recovering');
    await stack.start();
    await look(stack, recorder, 'restarted');
  } else if (plan.arm === 'subject') {
    const state = plan.faults.length === 0 ? 'open' : 'restarted';
    await observeProbe(stack, recorder, state);
    await observeHeader(stack, recorder, state, keep);
    await observeCopyIntegrity(stack, recorder);
  }
  stage('final read');
  for (const read of await plan.service.traffic.finalRead(stack)) recorder.observe(read);
  if (plan.arm === 'control') return;
  await observeLiveIntegrity(stack, recorder);
  stage('stopping');
  await stopInOrder(stack);
  await observeSidecars(stack, recorder, 'stopped');
  await observeHeader(stack, recorder, 'stopped');
}
