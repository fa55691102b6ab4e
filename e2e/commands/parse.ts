const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000 };
const LONGEST_MS = 60 * 60_000;

/** `10s`, `500ms`, `2m` in milliseconds; at most an hour. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  const ms = Number(match?.[1]) * (UNITS[match?.[2] ?? ''] ?? Number.NaN);
  if (!(ms > 0 && ms <= LONGEST_MS))
    throw new RangeError(`expected a time from 1ms to 60m such as 10s, seen "${text}"`);
  return ms;
}

/** A whole number in a range. */
export function parseWhole(name: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max))
      throw new RangeError(`${name} expects a whole number from ${min} to ${max}, seen "${text}"`);
    return value;
  };
}
