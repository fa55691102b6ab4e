import { WalproofError } from '../../model/errors.ts';
import type { Stack } from '../../model/stack.ts';

/** Null when the process came up, else how it failed to. Whatever else goes wrong is thrown on. */
export async function startFailure(stack: Stack, name: string): Promise<WalproofError | null> {
  try {
    await stack.start([name]);
    return null;
  } catch (error) {
    if (error instanceof WalproofError && error.code === 'SERVICE_NOT_STARTED') return error;
    throw error;
  }
}
