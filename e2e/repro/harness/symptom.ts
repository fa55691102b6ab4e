import { AT_ONCE_MS, type Repro } from '../../model/repro.ts';

export interface Candidate {
  repro: Repro;
  score: number;
  /** What in the text spoke for it. */
  because: string[];
}

/** How much each kind of hint says. A code is the surest, a word of the title the weakest. */
const WEIGHT = { code: 10, family: 6, message: 6, phrase: 8, elapsed: 4, word: 1 } as const;

const CODE = /SQLITE_[A-Z_]+/g;
/** Words that every one of these bugs is told with. */
const COMMON = new Set([
  'database',
  'locked',
  'sqlite',
  'error',
  'sqliteerror',
  'after',
  'every',
  'whatever',
  'other',
  'while',
]);

/** The bugs that a pasted line or stack trace may be, likeliest first; equal ones stay in the order of the catalogue. */
export function candidatesFor(text: string, repros: readonly Repro[]): Candidate[] {
  const scored = repros.map((repro) => score(repro, text));
  return scored.filter((candidate) => candidate.score > 1).sort((a, b) => b.score - a.score);
}

function score(repro: Repro, text: string): Candidate {
  const because: string[] = [];
  let total = 0;
  const add = (points: number, reason: string) => {
    total += points;
    because.push(reason);
  };
  const lower = text.toLowerCase();
  const codesSeen: string[] = text.match(CODE) ?? [];
  for (const code of repro.codes) {
    if (codesSeen.includes(code)) add(WEIGHT.code, code);
    else if (codesSeen.some((seen) => code.startsWith(`${seen}_`)))
      add(WEIGHT.family, `${code} is often logged as its family`);
  }
  const messages = new Set(repro.refusals.map(({ message }) => message));
  for (const message of messages) if (lower.includes(message.toLowerCase())) add(WEIGHT.message, `"${message}"`);
  for (const phrase of repro.alsoReportedAs ?? []) {
    if (lower.includes(phrase.toLowerCase())) add(WEIGHT.phrase, `"${phrase}"`);
  }
  // The time alone fits half of them.
  const elapsed = elapsedIn(text);
  if (total > 0 && elapsed !== null && repro.elapsed === elapsed) add(WEIGHT.elapsed, `refused ${elapsed}`);
  if (messages.size === 0 || total > 0) {
    const words = new Set(`${repro.title} ${repro.operatorSees}`.toLowerCase().match(/[a-z]{5,}/g) ?? []);
    const shared = [...words].filter((word) => !COMMON.has(word) && lower.includes(word));
    if (shared.length > 0) add(WEIGHT.word * shared.length, `words: ${shared.join(', ')}`);
  }
  return { repro, score: total, because };
}

/** A time in the text, e.g. `after 30004 ms` or `took 5s`. */
function elapsedIn(text: string): 'at once' | 'after the timeout' | null {
  const [, amount, unit] = /(\d+(?:\.\d+)?)\s?(ms|s|sec|seconds|milliseconds)\b/i.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return null;
  const ms = Number(amount) * (unit.toLowerCase().startsWith('m') ? 1 : 1_000);
  return ms < AT_ONCE_MS ? 'at once' : 'after the timeout';
}

/** The question that tells the candidates apart, null where the text has the answer or there is nothing to tell apart. */
export function questionFor(text: string, candidates: readonly Candidate[]): string | null {
  const kinds = new Map<string, string[]>();
  for (const { repro } of candidates) kinds.set(repro.elapsed, [...(kinds.get(repro.elapsed) ?? []), repro.name]);
  if (elapsedIn(text) !== null || kinds.size < 2) return null;
  const answers = [...kinds].map(([elapsed, names]) => `${elapsed}: ${names.join(', ')}`);
  return `How long did the refused call take? Below ${AT_ONCE_MS} ms is "at once". ${answers.join(' · ')}`;
}
