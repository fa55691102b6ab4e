import { WalproofError } from '../model/errors.ts';
import type { ServiceUnderTest } from '../model/scenario.ts';
import { SERVICES } from '../services/index.ts';

/** The services of these names, each once; all when none is named. Throws UNKNOWN_SERVICE. */
export function servicesNamed(names: readonly string[]): ServiceUnderTest[] {
  if (names.length === 0) return [...SERVICES];
  return [...new Set(names)].map((name) => {
    const service = SERVICES.find(({ definition }) => definition.name === name);
    if (service !== undefined) return service;
    const known = SERVICES.map(({ definition }) => definition.name).join(', ');
    throw new WalproofError('UNKNOWN_SERVICE', `"${name}" is not a service`, `choose from: ${known}`);
  });
}
