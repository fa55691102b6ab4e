/** What an operator should do, from what was found. */
import { FILE_RULES } from './advice-files.ts';
import type { Facts } from './advice-rule.ts';
import { USER_RULES } from './advice-users.ts';
import type { Advice } from './facts.ts';

const RANK: Readonly<Record<Advice['level'], number>> = { problem: 0, warning: 1, note: 2 };

/** Problems first, then warnings, then notes. */
export function adviceOn(facts: Facts): Advice[] {
  const found = [...USER_RULES, ...FILE_RULES].flatMap((rule) => rule(facts)).filter((advice) => advice !== null);
  return found.toSorted((a, b) => RANK[a.level] - RANK[b.level]);
}
