import { WalproofError } from '../../model/errors.ts';

/** What a promise gives, or an INTERNAL error when that takes longer than anything healthy would. */
export async function within<T>(
  timeoutMs: number,
  what: string,
  work: Promise<T>,
  details: () => readonly string[] = () => [],
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(
      new WalproofError(
        'INTERNAL',
        `expected ${what} within ${timeoutMs} ms, and it had not happened`,
        'Look at the log of the Docker daemon (journalctl -u docker), restart it, then run again.',
        { details: details() },
      ),
    );
  }, timeoutMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
