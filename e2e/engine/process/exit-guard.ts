import { messageOf } from '../../model/errors.ts';

const cleanups = new Set<() => void>();

function runAll(): void {
  for (const cleanup of cleanups) {
    try {
      cleanup();
    } catch (error) {
      // Nothing can be awaited any more; the next run removes what is left.
      process.stderr.write(`walproof: cleaning up at exit: ${messageOf(error)}\n`);
    }
  }
}

/**
 * Runs a synchronous clean-up when this process exits without having disposed its stacks, e.g. after an uncaught error:
 * the services lead groups of their own and would live on. Returns what takes it back.
 */
export function atProcessExit(cleanup: () => void): () => void {
  if (cleanups.size === 0) process.on('exit', runAll);
  cleanups.add(cleanup);
  return () => {
    cleanups.delete(cleanup);
    if (cleanups.size === 0) process.off('exit', runAll);
  };
}
