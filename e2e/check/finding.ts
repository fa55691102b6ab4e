import type { CheckResult, Finding, FindingCode } from '../model/verdict.ts';

/** Longest text that a message or an example quotes, in characters; a bundle must stay readable. */
const QUOTED_CHARS = 200;
/** Names listed in a message before it says how many more there are. */
const LISTED = 5;

/**
 * Verdict of one check from its findings: `not-exercised` alone leaves it `unknown`, any other finding is a `fail`, none is
 * a `pass`.
 */
export function conclude(
  check: string,
  findings: readonly Finding[],
  figures: Record<string, number> = {},
): CheckResult {
  const broken = findings.some((finding) => finding.code !== 'not-exercised');
  const verdict = broken ? 'fail' : findings.length > 0 ? 'unknown' : 'pass';
  return { check, verdict, findings: [...findings], figures };
}

/** Says which evidence is missing: what was expected and what was seen instead. */
export function notExercised(message: string, evidence: unknown[] = []): Finding {
  return { code: 'not-exercised', message, evidence };
}

/** A broken guarantee with the examples that prove it. */
export function broken(code: FindingCode, message: string, examples: Examples<unknown> | unknown[]): Finding {
  return { code, message, evidence: Array.isArray(examples) ? examples : examples.list() };
}

/** Keeps the first, the worst and the last of many examples, so that a million losses cost as little as one. */
export class Examples<T> {
  #count = 0;
  #first: T | undefined;
  #worst: T | undefined;
  #worstBadness = Number.NEGATIVE_INFINITY;
  #last: T | undefined;

  get count(): number {
    return this.#count;
  }

  /** `badness` orders examples; equal ones leave the earliest as the worst. */
  add(example: T, badness = 0): void {
    if (this.#count === 0) this.#first = example;
    if (badness > this.#worstBadness) {
      this.#worst = example;
      this.#worstBadness = badness;
    }
    this.#last = example;
    this.#count++;
  }

  /** At most three, in this order, each once. */
  list(): T[] {
    if (this.#count === 0) return [];
    return [...new Set([this.#first as T, this.#worst as T, this.#last as T])];
  }
}

/** Groups under a key that is made when first asked for. */
export function ensure<K, V>(groups: Map<K, V>, key: K, make: () => V): V {
  const known = groups.get(key);
  if (known !== undefined) return known;
  const made = make();
  groups.set(key, made);
  return made;
}

export function shorten(text: string): string {
  return text.length <= QUOTED_CHARS ? text : `${text.slice(0, QUOTED_CHARS)}… (${text.length} characters)`;
}

/** `a, b, c and 4 more`, each name once. */
export function listed(names: Iterable<string>): string {
  const unique = [...new Set(names)];
  const shown = unique.slice(0, LISTED).map(shorten).join(', ');
  return unique.length <= LISTED ? shown : `${shown} and ${unique.length - LISTED} more`;
}
