import { repro } from '../model/repro.ts';
import { messageIds, storedIds, storeMessages } from './harness/nanoclaw.ts';
import { found } from './harness/scene.ts';

/**
 * Claim:  after a restore the database is what the backup was.
 * Method: a backup of 10 messages; 10 more are stored and the host is killed, which leaves its -wal; the backup is copied
 *         over the database, with or without removing the sidecars; the host starts and shows what it has.
 * Red as: unexpected-write. Not claimed: that a foreign -wal always shows as rows; it may as well end as a malformed image.
 */
export default repro({
  name: 'stale-wal-after-restore',
  title: 'A restored file is overlaid with the -wal that the old one left behind',
  operatorSees:
    'the restore "reverts itself": rows are back that the backup never had; or `database disk image is malformed` (11)',
  refusals: [],
  alsoReportedAs: ['SQLITE_CORRUPT', 'database disk image is malformed', 'restore', 'rolled back by itself'],
  elapsed: 'nothing is refused',
  sources: [
    'vavallee/bindery#2337',
    'Basekick-Labs/arc#635',
    'Basekick-Labs/arc#678',
    'DeusData/codebase-memory-mcp#897',
    'NousResearch/hermes-agent#97329',
    'WiseLibs/better-sqlite3#1237',
  ],
  mechanism:
    'A -wal says by checksums that it is whole, but not whose it is. Whoever opens app.db next to a valid app.db-wal replays ' +
    'it, page for page, over whatever file was put there meanwhile.',
  seedPatch: 'causes',
  seedPatchBecause: 'without WAL a process that is killed between two transactions leaves nothing beside the database',
  fix: 'stop every process, and remove -wal and -shm together with the database; or restore through the backup API',
  playedBy: 'nanoclaw',
  cast: 'the host, and an operator beside it who makes the backup and restores it',
  engines: ['process', 'docker'],
  without: { removes: [] as string[] },
  with: { removes: ['-wal', '-shm'] },
  async scenario(lab, { removes }) {
    const stack = await lab.stack('nanoclaw');
    const { database } = stack.service;
    await stack.start(['nanoclaw']);
    const operator = await lab.beside(stack).actor('operator');
    await storeMessages(lab, stack, messageIds(1, 10));
    await operator.open();
    lab.require((await operator.ask({ do: 'backup', to: 'backup.db' })).ok, 'the backup to be made');
    await operator.close();
    await storeMessages(lab, stack, messageIds(11, 20));
    await stack.kill(['nanoclaw']);
    await operator.ask({ do: 'remove-files', paths: removes.map((suffix) => `${database}${suffix}`) });
    const restored = await operator.ask({ do: 'copy-file', from: 'backup.db', to: database });
    lab.require(restored.ok, 'the restore to be made');
    await stack.start(['nanoclaw']);
    const kept = await storedIds(stack);
    if (kept.length === 10) return [];
    await operator.open();
    const integrity = await operator.value<string>('PRAGMA integrity_check');
    const seen = `expected the 10 messages of the backup after its restore, but saw ${kept.length} (integrity_check: ${integrity})`;
    return found('unexpected-write', seen, { kept, integrity });
  },
  expect: 'unexpected-write',
  seconds: 1.9,
});
