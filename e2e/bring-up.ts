/** Starts the processes of an arm, each arm in its own way, and turns a start that fails into evidence. */
import { messageOf, WalproofError } from './model/errors.ts';
import type { Stack } from './model/stack.ts';
import type { ArmRecorder } from './observe/recorder.ts';

/** How often a process of the control is started again: refused at start, it would be restarted by Compose as well. */
const CONTROL_STARTS = 5;

/** False when the service could not be started; what was seen is recorded. */
export async function bringUp(stack: Stack, recorder: ArmRecorder, signal: AbortSignal): Promise<boolean> {
  try {
    // The subject's processes start together on a fresh file, as Compose starts them. The control is only there to be
    // loaded: its first process comes alone, and those that are refused come again.
    if (recorder.arm === 'subject') await stack.start();
    else await startPatiently(stack, signal);
    return true;
  } catch (error) {
    if (signal.aborted || !isServiceFailure(error)) throw error;
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
