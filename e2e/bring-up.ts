/** Starts the processes of an arm, each arm in its own way, and turns a start that fails into evidence. */
import { until } from './engine/shared/until.ts';
import { messageOf, WalproofError } from './model/errors.ts';
import type { Stack } from './model/stack.ts';
import type { ArmRecorder } from './observe/recorder.ts';

/** How often a process of the control is started again: refused at start, it would be restarted by Compose as well. */
const CONTROL_STARTS = 5;

/** For how long a control is given to be refused enough before another of its processes comes. */
const REFUSED_WITHIN_MS = 500;

/** A service that is up, or on its way. */
export interface BroughtUp {
  /** Resolves when no start is under way any more. Rejects as a start does. */
  all: Promise<void>;
}

/**
 * Null when the service could not be started; what was seen is recorded. The subject's processes start together on a fresh
 * file, as Compose starts them, and all are up. The control is only there to be refused: its first process comes alone, then
 * those that serve traffic, and one more where there are none. With `isEnough` the load may begin then, and each of the others
 * comes only when the control has not been refused enough so far.
 */
export async function bringUp(
  stack: Stack,
  recorder: ArmRecorder,
  signal: AbortSignal,
  isEnough?: () => boolean,
): Promise<BroughtUp | null> {
  try {
    if (recorder.arm === 'subject') {
      await stack.start();
      return { all: Promise.resolve() };
    }
    const [first, ...others] = stack.processes;
    const serving = others.filter(({ servesTraffic }) => servesTraffic);
    const needed = serving.length > 0 ? serving : others.slice(0, 1);
    const rest = others.filter((each) => !needed.includes(each)).map(({ name }) => name);
    await startAgain(stack, first === undefined ? [] : [first.name], signal);
    await startPatiently(
      stack,
      needed.map(({ name }) => name),
      signal,
    );
    if (isEnough === undefined) await startPatiently(stack, rest, signal);
    const all = isEnough === undefined ? Promise.resolve() : startAsNeeded(stack, rest, signal, isEnough);
    // Whoever waits for all of them gets the error; until then it must not count as unhandled.
    all.catch(() => undefined);
    return { all };
  } catch (error) {
    if (signal.aborted || !isServiceFailure(error)) throw error;
    recordStartFailure(recorder, error);
    return null;
  }
}

/** One after the other, until it is enough. */
async function startAsNeeded(
  stack: Stack,
  names: readonly string[],
  signal: AbortSignal,
  isEnough: () => boolean,
): Promise<void> {
  for (const name of names) {
    if (await until(isEnough, { deadlineMs: REFUSED_WITHIN_MS, signal })) return;
    await startAgain(stack, [name], signal);
  }
}

/** Those that were refused come again one by one. */
async function startPatiently(stack: Stack, names: readonly string[], signal: AbortSignal): Promise<void> {
  if (names.length === 0) return;
  await stack.start(names).catch((error: unknown) => {
    if (signal.aborted || !isServiceFailure(error)) throw error;
  });
  for (const name of names) await startAgain(stack, [name], signal);
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

/** The service's own failure, which is evidence; all others are errors of the run. */
export function isServiceFailure(error: unknown): error is WalproofError {
  return error instanceof WalproofError && error.code === 'SERVICE_NOT_STARTED';
}

export function recordStartFailure(recorder: ArmRecorder, error: WalproofError): void {
  recorder.observe({
    kind: 'start-failed',
    process: recorder.service,
    message: messageOf(error),
    lastLines: [...error.details],
  });
}
