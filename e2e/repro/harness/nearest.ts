/** How many near names are worth offering. */
const OFFERED = 3;

/** The names nearest to a mistyped one: by the words they share, then by the letters to change. */
export function nearest(text: string, names: readonly string[]): string[] {
  const scored = names.map((name) => ({ name, far: distance(text, name) - 2 * sharedLetters(text, name) }));
  return scored
    .sort((a, b) => a.far - b.far)
    .slice(0, OFFERED)
    .map(({ name }) => name);
}

/** Letters of the words that both have. */
function sharedLetters(a: string, b: string): number {
  const words = new Set(b.split('-'));
  const asked = a.toLowerCase().split(/[^a-z0-9]+/);
  return asked.filter((word) => words.has(word)).join('').length;
}

/** Levenshtein: letters to insert, delete or change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
