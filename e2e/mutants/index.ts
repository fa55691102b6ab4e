import { WalproofError } from '../model/errors.ts';
import type { ServiceDefinition } from '../model/service.ts';
import { SERVICES } from '../services/index.ts';
import type { Mutant, Rule } from './rule.ts';
import { CONNECTION_RULES } from './rules/connections.ts';
import { PRAGMA_RULES } from './rules/pragmas.ts';
import { PROMISE_RULES } from './rules/promises.ts';
import { STANDSTILL_RULES } from './rules/standstill.ts';
import { WAITING_RULES } from './rules/waiting.ts';

/** Every rule. A new one is an entry in one of these files. */
export const RULES: readonly Rule[] = [
  ...PRAGMA_RULES,
  ...WAITING_RULES,
  ...CONNECTION_RULES,
  ...PROMISE_RULES,
  ...STANDSTILL_RULES,
];

/** Every rule on every service that it names. */
export const MUTANTS: readonly Mutant[] = SERVICES.flatMap(({ definition }) => mutantsOf(definition));

function mutantsOf(service: ServiceDefinition): Mutant[] {
  return RULES.flatMap((rule) => {
    const edits = rule.edits[service.name];
    return edits === undefined ? [] : [{ name: `${service.name}/${rule.name}`, service, rule, edits }];
  });
}

/** The mutants of the services that have one of the names, or all of them. Throws UNKNOWN_MUTANT. */
export function mutantsNamed(services: readonly string[], names: readonly string[]): Mutant[] {
  const own = MUTANTS.filter(({ service }) => services.includes(service.name));
  for (const name of names) {
    if (own.some((mutant) => isNamed(mutant, name))) continue;
    throw new WalproofError(
      'UNKNOWN_MUTANT',
      `"${name}" is no mutant of ${services.join(' or ')}`,
      'walproof mutants --list shows them; a rule alone means it on every service',
    );
  }
  return names.length === 0 ? own : own.filter((mutant) => names.some((name) => isNamed(mutant, name)));
}

function isNamed({ name, rule }: Mutant, wish: string): boolean {
  return name === wish || rule.name === wish;
}
