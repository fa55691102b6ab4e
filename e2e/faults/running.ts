import type { ProcessIdentity, Stack } from '../model/stack.ts';

/** Every process of the stack runs before and after the action, however that ends. */
export async function keepRunning<T>(stack: Stack, action: () => Promise<T>): Promise<T> {
  await startMissing(stack);
  try {
    return await action();
  } finally {
    await startMissing(stack);
  }
}

async function startMissing(stack: Stack): Promise<void> {
  const missing = stack.processes.map(({ name }) => name).filter((name) => !stack.isRunning(name));
  if (missing.length > 0) await stack.start(missing);
}

export type Identity = ProcessIdentity | null;

/** Who runs under each name, in the order of the processes. */
export function identitiesOf(stack: Stack): Promise<Identity[]> {
  return Promise.all(stack.processes.map(({ name }) => stack.identity(name)));
}

/** Whether another incarnation runs now. */
export function isAnother(before: Identity, after: Identity): boolean {
  return before !== null && after !== null && after.incarnation > before.incarnation;
}

/** `pid 17`, `none`. */
export function shown(...identities: readonly Identity[]): string {
  return `pid ${identities.map((identity) => identity?.pid ?? 'none').join(', ')}`;
}
