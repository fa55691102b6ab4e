/**
 * What the script in the page draws, as plain data: it knows of axes and lines, and nothing of SQLite. The n-th chart belongs to
 * the n-th figure of the page.
 */
export interface Chart {
  name: string;
  /** Charts of one group show the same moment under the pointer. */
  group: string;
  unit: string;
  /** Seconds since the traffic of the arm began. */
  x: readonly number[];
  xMax: number;
  y: { min: number; max: number; log: boolean };
  lines: readonly Line[];
  bands: readonly Band[];
  heightPx: number;
}

/** Told apart by colour, by dashes and by the name that stands at its end. */
export interface Line {
  label: string;
  tone: 1 | 2 | 3;
  dash: readonly number[];
  values: readonly (number | null)[];
}

/** A stretch of time that is shaded. */
export interface Band {
  n: number;
  label: string;
  from: number;
  until: number;
}

export const SOLID: readonly number[] = [];
export const DASHED: readonly number[] = [7, 4];
export const DOTTED: readonly number[] = [2, 3];

/** An axis from nothing to a little more than the largest value. */
export function linearAxis(...values: readonly (readonly (number | null)[])[]): Chart['y'] {
  const most = largest(values);
  return { min: 0, max: most > 0 ? most * 1.08 : 1, log: false };
}

/** An axis of whole decades around the values. */
export function logAxis(...values: readonly (readonly (number | null)[])[]): Chart['y'] {
  const most = largest(values);
  let least = most;
  for (const line of values) for (const value of line) if (value !== null && value > 0) least = Math.min(least, value);
  const decade = (value: number, round: (power: number) => number) => 10 ** round(Math.log10(Math.max(value, 0.01)));
  const max = decade(Math.max(most, 1), Math.ceil);
  return { min: Math.min(decade(least, Math.floor), max / 10), max, log: true };
}

function largest(values: readonly (readonly (number | null)[])[]): number {
  let most = 0;
  for (const line of values) for (const value of line) if (value !== null && value > most) most = value;
  return most;
}
