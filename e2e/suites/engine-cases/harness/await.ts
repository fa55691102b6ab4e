import { expect } from 'vitest';
import { until } from '../../../engine/shared/until.ts';
import { WalproofError } from '../../../model/errors.ts';

/** Condition deadlines: far above what any engine needs, so that only a broken promise reaches them. */
export const DEADLINE_MS = 20_000;

export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  expect(await until(condition, { deadlineMs: DEADLINE_MS }), `within ${DEADLINE_MS} ms: ${condition}`).toBe(true);
}

/** The WalproofError a promise is rejected with; anything else fails the test. */
export async function failureOf(promise: Promise<unknown>): Promise<WalproofError> {
  const error = await promise.then(
    () => new Error('expected a WalproofError, but it succeeded'),
    (reason: unknown) => reason,
  );
  if (error instanceof WalproofError) return error;
  throw error;
}
