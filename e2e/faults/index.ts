import { WalproofError } from '../model/errors.ts';
import type { Fault } from '../model/scenario.ts';
import { kill } from './kill.ts';
import { restart } from './restart.ts';

/** Every fault by name, in the order in which a run applies them. */
export const FAULTS: readonly Fault[] = [restart, kill];

/** The faults of a comma-separated list; `none` is none. Throws UNKNOWN_FAULT. */
export function faultsNamed(list: string): Fault[] {
  if (list === 'none') return [];
  const names = list.split(',').map((name) => name.trim());
  return names.map((name) => {
    const fault = FAULTS.find((known) => known.name === name);
    if (fault !== undefined) return fault;
    const known = FAULTS.map((each) => each.name).join(', ');
    throw new WalproofError('UNKNOWN_FAULT', `"${name}" is not a fault`, `choose from: ${known}, or none`);
  });
}
