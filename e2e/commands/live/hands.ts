import type { Wishes, WishName } from '../../dashboard/control.ts';

/** What can be done by hand to a running stack. Each resolves with what was seen of its effect, and rejects when it had none. */
export interface Hands {
  /** Names of services, each with the names of its processes as the page shows them. */
  readonly services: Readonly<Record<string, readonly string[]>>;
  /** Which db module each service runs. */
  readonly variants: Readonly<Record<string, 'patched' | 'unpatched'>>;
  /** Those of the processes that do not run just now. */
  down(processes: readonly string[]): Promise<string[]>;
  readonly does: { [W in WishName]: (what: Wishes[W]) => Promise<string> };
}

/** Long enough to be watched, far below the 30 s that a patched writer waits. */
export const HELD_MS = 8_000;

/** The service that a process belongs to. */
export function serviceOf(hands: Hands, process: string): string | null {
  return Object.entries(hands.services).find(([, processes]) => processes.includes(process))?.[0] ?? null;
}
