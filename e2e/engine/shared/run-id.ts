import { randomBytes } from 'node:crypto';

/**
 * A new run id, e.g. `20260704-101500-3fa2c1`: sorts by time, and is fit for folder names, container names and labels
 * (lower case letters, digits and `-`).
 */
export function newRunId(now: Date = new Date()): string {
  const time = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15);
  return `${time}-${randomBytes(3).toString('hex')}`;
}
