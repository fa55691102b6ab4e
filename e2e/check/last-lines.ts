import type { ProcessExited, StartFailed } from '../model/observation.ts';
import { shorten } from './finding.ts';

/** Last lines of a process that an example keeps. */
const LINES_SHOWN = 20;

/** All that a dying process or a failed start said. */
export function lastWords(seen: ProcessExited | StartFailed): string {
  return [seen.kind === 'start-failed' ? seen.message : '', ...seen.lastLines].join('\n');
}

/** An example with its last lines bounded, whatever the engine kept. */
export function withFewLines<T extends ProcessExited | StartFailed>(seen: T): T {
  return { ...seen, lastLines: seen.lastLines.slice(-LINES_SHOWN).map(shorten) };
}
