import { WalproofError } from '../model/errors.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs an action that Ctrl-C, SIGTERM and SIGHUP end in order: the signal it is given is aborted once, and what the run
 * made is removed before the action settles. A second Ctrl-C changes nothing: the removal is already under way.
 */
export async function interruptible<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupted = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (interrupted.signal.aborted) return;
    process.stderr.write(`walproof: ${signal}: removing what the run made …\n`);
    interrupted.abort(
      new WalproofError(
        'INTERRUPTED',
        `interrupted by ${signal}`,
        'nothing was left behind; run the same command again when you are ready',
      ),
    );
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await action(interrupted.signal);
  } catch (error) {
    // Whatever broke while everything was being removed, the interruption is what the user should read.
    throw interrupted.signal.aborted ? interrupted.signal.reason : error;
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}
