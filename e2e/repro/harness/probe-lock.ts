import type { Site } from '../../model/actor.ts';

/** Whether somebody holds the write lock at the moment. */
export interface LockProbe {
  isHeld(): Promise<boolean>;
}

/** Asks with a connection that does not wait. */
export async function probeLock(site: Site): Promise<LockProbe> {
  const actor = await site.actor('lock-probe');
  await actor.open({ timeoutMs: 0 });
  return { isHeld: async () => !(await actor.ask({ do: 'exec', sql: 'BEGIN IMMEDIATE; ROLLBACK' })).ok };
}
