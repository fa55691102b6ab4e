import { WalproofError } from '../../model/errors.ts';
import type { Repro } from '../../model/repro.ts';
import type { Outcome } from './judge.ts';
import { type PlayOptions, play, type ReproResult } from './play.ts';

export interface Attempt {
  outcome: Outcome;
  reason: string | null;
  seconds: number;
}

/** The last result, and how each time ended. */
export interface RepeatedResult extends ReproResult {
  attempts: Attempt[];
}

/** Plays a repro so many times, each from scratch, up to the first time that it does not hold. */
export async function playTimes(repro: Repro, times: number, options: PlayOptions): Promise<RepeatedResult> {
  const attempts: Attempt[] = [];
  for (;;) {
    const number = attempts.length + 1;
    if (times > 1) options.say(`${repro.name}: ${number} of ${times}`);
    const result = await play(repro, options).catch((error: unknown) => {
      throw times > 1 ? numbered(error, `${number} of ${times}`) : error;
    });
    const { outcome, reason, seconds } = result;
    attempts.push({ outcome, reason, seconds });
    if (outcome !== 'held' || number >= times) return { ...result, attempts };
  }
}

/** The same error, with the time at which it came. */
function numbered(error: unknown, which: string): unknown {
  if (!(error instanceof WalproofError) || error.code === 'INTERRUPTED') return error;
  const { code, message, next, details } = error;
  return new WalproofError(code, `${which}: ${message}`, next, { details, cause: error });
}
