/** Starts the processes of an arm, each arm in its own way, and turns a start that fails into evidence. */
import { messageOf, WalproofError } from './model/errors.ts';
import type { Stack } from './model/stack.ts';
import type { ArmRecorder } from './observe/recorder.ts';

/** How often a process of the control is started again: refused at start, it would be restarted by Compose as well. */
const CONTROL_STARTS = 5;

/** A service that is up, or on its way. */
export interface BroughtUp {
  /** Resolves when no start is under way any more. Rejects as a start does. */
  all: Promise<void>;
}

/**
 * Null when the service could not be started; what was seen is recorded. The subject's processes start together on a fresh
 * file, as Compose starts them, and all are up. The control is only there to be loaded: its first process comes alone,
 * then those that serve traffic; the load may begin while the others come.
 */
export async function bringUp(stack: Stack, recorder: ArmRecorder, signal: AbortSignal): Promise<BroughtUp | null> {
  try {
    if (recorder.arm === 'subject') {
      await stack.start();
      return { all: Promise.resolve() };
    }
    const [first, ...others] = stack.processes;
    const namesOf = (wanted: boolean) => others.filter((each) => each.servesTraffic === wanted).map(({ name }) => name);
    await startAgain(stack, first === undefined ? [] : [first.name], signal);
    await startPatiently(stack, namesOf(true), signal);
    const all = startPatiently(stack, namesOf(false), signal);
    // Whoever waits for all of them gets the error; until then it must not count as unhandled.
    all.catch(() => undefined);
    return { all };
  } catch (error) {
    if (signal.aborted || !isServiceFailure(error)) throw error;
    recordStartFailure(recorder, error);
    return null;
  }
}

/** Those that were refused come again one by one. */
async function startPatiently(stack: Stack, names: readonly string[], signal: AbortSignal): Promise<void> {
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
