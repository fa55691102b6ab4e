/** Where the rules look. */
import type { Edit, Exposure, ProbeName, StartKind } from '../rule.ts';

export const NANOCLAW_DB = 'fixtures/nanoclaw/src/db.ts';
export const ORACLE_DB = 'fixtures/oracle-v2/src/server/db.ts';

/** The same change to both db modules. */
export function inBoth(
  ...changes: readonly (readonly [find: string | RegExp, replace: string])[]
): Record<string, Edit[]> {
  const editsOf = (file: string) => changes.map(([find, replace]) => ({ file, find, replace }));
  return { nanoclaw: editsOf(NANOCLAW_DB), 'oracle-v2': editsOf(ORACLE_DB) };
}

/** A statement of its own line that sets the pragma to anything. */
export function pragmaLine(pragma: string): RegExp {
  return new RegExp(`^ *\\w+\\.pragma\\('${pragma} = [^']*'\\);\\n`, 'gm');
}

/** Just the text that is set, as in `'cache_size = -20000'`. */
export function pragmaText(pragma: string): RegExp {
  return new RegExp(`(?<=\\.pragma\\(')${pragma} = [^']*(?='\\);)`, 'g');
}

/** The pragma's entry in the policy that is read back. */
export function policyEntry(pragma: string): RegExp {
  return new RegExp(`(?<=const POLICY = \\{.*)\\b${pragma}: [^,}]*\\b'?(?=.*\\};)`, 'g');
}

/** The line that makes the switch to WAL, which the two modules write differently. */
export const SWITCH_LINE =
  /^ *(switchToWal\(db\)|retryWhileBusy\(\(\) => database\.pragma\('journal_mode = WAL'\), BUSY_TIMEOUT_MS\));\n/gm;

/** The entry with its comma, to take it out. */
export function policyItem(pragma: string): RegExp {
  return new RegExp(`\\b${pragma}: [^,}]*, (?=.*\\};)`, 'g');
}

export const CONSTRUCTOR_TIMEOUT = ', { timeout: BUSY_TIMEOUT_MS }';

export function exposedBy(...probes: ProbeName[]): Exposure {
  return { start: 'together', probes };
}

export function exposedAtStart(start: StartKind): Exposure {
  return { start, probes: [] };
}
