/** What the scenarios of repros share. */
import type { Reply } from '../../model/actor.ts';
import type { Lab, ReproFinding, ReproFindingCode } from '../../model/repro.ts';
import type { Answer } from './ask.ts';

export function found(code: ReproFindingCode, message: string, ...evidence: unknown[]): ReproFinding[] {
  return [{ code, message, evidence }];
}

/** Nothing when the reply is a success; the finding named for its code otherwise. Any other code breaks the repro. */
export function refusedAs(
  lab: Lab,
  reply: Reply,
  names: Readonly<Record<string, ReproFindingCode>>,
  expected: string,
): ReproFinding[] {
  if (reply.ok) return [];
  const { code, message, elapsedMs } = reply;
  const name = names[code];
  lab.require(name !== undefined, `${expected}, or a refusal with one of ${Object.keys(names).join(', ')}`);
  return found(
    name ?? 'sqlite-error',
    `expected ${expected}, but saw "${message}" (${code}) after ${elapsedMs} ms`,
    reply,
  );
}

/** The same for an answer of a service: its body holds the code that the driver gave. */
export function refusedOverHttp(
  lab: Lab,
  answer: Answer,
  names: Readonly<Record<string, ReproFindingCode>>,
  expected: string,
): ReproFinding[] {
  if (answer.status < 300) return [];
  const [, name] = Object.entries(names).find(([code]) => answer.body.includes(`"${code}"`)) ?? [];
  lab.require(
    name !== undefined,
    `${expected}, or a refusal with one of ${Object.keys(names).join(', ')} (${answer.body})`,
  );
  return found(name ?? 'sqlite-error', `expected ${expected}, but saw HTTP ${answer.status} ${answer.body}`, answer);
}

/** Rows `from` to `to` of a table (id, body), one statement. */
export function insertRows(table: string, from: number, to: number, bodyBytes = 20): string {
  return `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${to})
    INSERT INTO ${table} (id, body) SELECT i, hex(zeroblob(${Math.ceil(bodyBytes / 2)})) FROM n`;
}

/** Of the ids that were acknowledged, those that are not there. */
export function lostOf(acknowledged: readonly number[], present: readonly { id: number }[]): number[] {
  const ids = new Set(present.map(({ id }) => id));
  return acknowledged.filter((id) => !ids.has(id));
}

export const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, n) => from + n);
