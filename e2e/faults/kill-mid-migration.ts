import type { Fault } from '../model/scenario.ts';
import { HeldState } from './held-state.ts';
import { isAnother, keepRunning, shown } from './running.ts';

const PROGRAM = new URL('./programs/mid-migration.ts', import.meta.url);

interface MidMigration {
  /** What a writer that does not wait was told while the migration was open. */
  refusal: string;
  /** A digest of the schema before, inside the open transaction, and after its program was killed. */
  schema: { before: string; during: string; after: string };
}

/**
 * A schema migration is cut off by SIGKILL before its commit, and one process of the service is killed meanwhile and
 * started again: it must find the schema that it knows. The migration is run by a program beside the services, since
 * theirs is over before anybody could see it: tables are added and altered, and pages of it are in the log already.
 */
export const killMidMigration: Fault = {
  name: 'kill-mid-migration',
  title: 'SIGKILL in the middle of a migration, and of one process beside it',
  kills: true,
  run: ({ stack, target }) =>
    keepRunning(stack, async () => {
      await using migration = await HeldState.begin<MidMigration>(stack, PROGRAM);
      const before = await stack.identity(target);
      const reached = await migration.reached();
      if (reached) await stack.kill([target]);
      const { refusal, schema } = await migration.release();
      if (!reached) return { tookEffect: false, proof: 'no migration was met while it was open' };
      await stack.start([target]);
      const after = await stack.identity(target);
      const undone = schema.during !== schema.before && schema.after === schema.before;
      return {
        tookEffect: refusal === 'SQLITE_BUSY' && undone && isAnother(before, after),
        proof: `open: another writer got ${refusal}, schema ${schema.before} → ${schema.during}; killed: ${schema.after}; ${shown(before)} → SIGKILL → ${shown(after)}`,
      };
    }),
};
