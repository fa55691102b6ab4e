/** What rules of advice are made of. */
import type { Advice, Inspection } from './facts.ts';

export type Facts = Omit<Inspection, 'advice'>;
/** Pure: facts in, advice out. */
export type Rule = (facts: Facts) => (Advice | null)[];

export const problem = (code: string, what: string, next: string, because: string): Advice => ({
  level: 'problem',
  code,
  what,
  next,
  because,
});

export const warning = (code: string, what: string, next: string, because: string): Advice => ({
  ...problem(code, what, next, because),
  level: 'warning',
});

export const note = (code: string, what: string, next: string, because: string): Advice => ({
  ...problem(code, what, next, because),
  level: 'note',
});

/** A process as advice names it. */
export function who(pid: number, process: string, container: string | null): string {
  return `${container === null ? '' : `${container}: `}${process} (pid ${pid})`;
}
