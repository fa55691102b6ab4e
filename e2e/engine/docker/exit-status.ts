import { constants } from 'node:os';

// A shell's convention, which the container runtime follows: 128 and the number of the signal that ended the program.
const SIGNAL_BASE = 128;

/**
 * What ended a container's program. A program that itself exits with, say, 137 cannot be told from one that SIGKILL ended:
 * the daemon keeps only the number.
 */
export function exitOf(status: number): { exitCode: number | null; signal: string | null } {
  const signal = Object.entries(constants.signals).find(([, number]) => number === status - SIGNAL_BASE)?.[0];
  return signal === undefined ? { exitCode: status, signal: null } : { exitCode: null, signal };
}
