/** Figures as people read them; a unit never goes to another line. */

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export function whole(value: number): string {
  return WHOLE.format(value);
}

/** Three figures that count: 0.42, 8.1, 76.9, 1,240. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return whole(value);
  return String(Number(value.toFixed(size >= 10 ? 1 : 2)));
}

export function milliseconds(value: number): string {
  return `${short(value)}\u00a0ms`;
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms >= 100_000 ? 0 : 1)}\u00a0s`;
}

/** For moments that lie close together. */
export function exactSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(3)}\u00a0s`;
}

export function megabytes(bytes: number): string {
  return `${short(bytes / 1e6)}\u00a0MB`;
}

/** `1 fault`, `2 faults`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

/** `a, b and c`. */
export function enumerated(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
