/** Traffic on a stack, with faults in between. */
import type { ArmPlan, Enter } from './arm-plan.ts';
import { until } from './engine/shared/until.ts';
import { runCampaign } from './faults/campaign.ts';
import { schedule } from './faults/schedule.ts';
import { messageOf } from './model/errors.ts';
import type { Stack } from './model/stack.ts';
import { commitsAtHand } from './observe/commits-at-hand.ts';
import type { CrashCopies } from './observe/crash/copies.ts';
import { observeSidecars } from './observe/database.ts';
import type { ArmRecorder } from './observe/recorder.ts';
import { startWatch } from './observe/watch.ts';

/** Enough ops must be acknowledged between two faults within this time, else the run goes on without more faults. */
const SETTLE_DEADLINE_MS = 20_000;

/** Several rounds of a -wal under load. Under less load there are few checkpoints, and any moment is as good. */
const COMMITS_DEADLINE_MS = 3_000;

/** Traffic for the whole duration, and longer while faults are still to come. */
export async function loadAndHurt(
  stack: Stack,
  recorder: ArmRecorder,
  plan: ArmPlan,
  enter: Enter,
  copies: CrashCopies | null,
): Promise<void> {
  enter('traffic', 'traffic');
  const ending = new AbortController();
  const stopOn = AbortSignal.any([ending.signal, plan.signal]);
  const atMs = recorder.nowMs();
  const running = plan.service.traffic.run({ ...plan.traffic, stack, recorder, signal: stopOn });
  const problem = (text: string) => plan.sink.log(plan.arm, 'walproof', text);
  // The control only has to be refused: what else it does is not judged.
  const watch = plan.arm === 'subject' ? startWatch(stack, recorder, problem) : null;
  const copying = copies?.start(plan.durationMs, (error) =>
    problem(`a copy for crash images failed: ${messageOf(error)}`),
  );
  const isOver = () => plan.isOver?.() ?? false;
  const lasting = (ms: number) =>
    until(() => isOver() || recorder.nowMs() - atMs >= ms, { deadlineMs: ms, signal: plan.signal });
  try {
    await lasting(plan.calmMs);
    await runCampaign({
      stack,
      recorder,
      strikes: schedule(plan.faults, stack.processes, plan.traffic.seed, plan.durationMs),
      signal: plan.signal,
      settled: settledBy(recorder, plan),
      onFault: (fault, target) => enter('fault', `${fault} ${target}`),
      afterFault: async () => {
        enter('traffic', 'traffic');
        await observeSidecars(stack, recorder, 'restarted');
      },
    });
    enter('traffic', 'traffic');
    await lasting(plan.durationMs);
    const isEnough = () => isOver() || (plan.isEnough?.(recorder) ?? true);
    const { patienceMs = SETTLE_DEADLINE_MS } = plan;
    await until(isEnough, { deadlineMs: patienceMs, signal: plan.signal });
    if (looksAtCommits(plan)) {
      const deadline = { deadlineMs: COMMITS_DEADLINE_MS, everyMs: 10, signal: plan.signal };
      await until(commitsAtHand(stack, problem), deadline);
      plan.signal.throwIfAborted();
    }
  } finally {
    // First of all: the moment that was waited for passes.
    ending.abort();
    await copying?.stop();
    await watch?.stop();
    await running;
    recorder.observe({ kind: 'traffic', atMs, endedAtMs: recorder.nowMs(), clients: plan.traffic.clients });
  }
}

/** Whether the commits of this arm will be looked at one by one. */
function looksAtCommits({ arm, service, isOver }: ArmPlan): boolean {
  return arm === 'subject' && service.definition.promises?.searchable?.halves !== undefined && isOver?.() !== true;
}

/**
 * Waits until enough ops were called and acknowledged since it was last called, and until a paced strike is due, counted
 * from the first paced one; false when the deadline for the ops passed first.
 */
function settledBy(recorder: ArmRecorder, plan: ArmPlan): (dueMs: number | null) => Promise<boolean> {
  let pacedSinceMs: number | null = null;
  return async (dueMs) => {
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
    if (plan.isOver?.() === true) return false;
    if (!(await until(enough, { deadlineMs: SETTLE_DEADLINE_MS, signal: plan.signal }))) return false;
    if (dueMs === null) return true;
    pacedSinceMs ??= recorder.nowMs();
    const dueAtMs = pacedSinceMs + dueMs;
    const isDue = () => recorder.nowMs() >= dueAtMs;
    return until(isDue, { deadlineMs: dueMs + SETTLE_DEADLINE_MS, signal: plan.signal });
  };
}
