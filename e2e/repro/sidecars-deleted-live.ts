import { repro } from '../model/repro.ts';
import { isHandedOver, messageIds, storeMessages } from './harness/nanoclaw.ts';
import { found } from './harness/scene.ts';

/**
 * Claim:  what a host stored is there for everybody, also after somebody tidied up its data folder.
 * Method: 5 messages, a checkpoint; somebody removes -wal and -shm while the host runs, or after it has stopped; 5 more
 *         messages; another process looks for all of them.
 * Red as: lost-write. Not claimed: what becomes of the rows when the host goes on; they may come back, or never.
 */
export default repro({
  name: 'sidecars-deleted-live',
  title: 'Removing -wal and -shm under a running service sends its commits into files that nobody else can open',
  operatorSees: 'rows that the service acknowledged never appear to anybody else; lsof shows messages.db-wal (deleted)',
  refusals: [],
  alsoReportedAs: ['(deleted)', 'rm *.db-wal', 'rm -f *-shm', 'rows vanish', 'stale lock files'],
  elapsed: 'nothing is refused',
  sources: [
    'NousResearch/hermes-agent#101064',
    'NousResearch/hermes-agent#101092',
    'WiseLibs/better-sqlite3#1237',
    'https://sqlite.org/howtocorrupt.html',
  ],
  mechanism:
    'A file that is removed lives on for those who have it open. The service goes on writing into the -wal it has; whoever ' +
    'opens the database now makes another one, with locks of its own, and integrity_check is content with both.',
  seedPatch: 'causes',
  seedPatchBecause: 'in DELETE mode there is no file beside the database between two transactions',
  fix: 'leave them alone: they are part of the database. They go by themselves at the last clean close',
  playedBy: 'nanoclaw',
  cast: 'the host, and beside it an operator who removes the files and a process that reads',
  truth: 'verify finds it without a second reader: wal-deleted-under-writer, by the inodes of open files',
  engines: ['process', 'docker'],
  without: { stopsFirst: false },
  with: { stopsFirst: true },
  async scenario(lab, { stopsFirst }) {
    const stack = await lab.stack('nanoclaw');
    await stack.start(['nanoclaw']);
    const site = lab.beside(stack);
    const [operator, witness] = await Promise.all([site.actor('operator'), site.actor('witness')]);
    await storeMessages(lab, stack, messageIds(1, 5));
    await lab.until(() => isHandedOver(stack, 5), 'the host to have nothing left to write');
    await operator.open();
    await operator.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    await operator.close();
    if (stopsFirst) await stack.stop('nanoclaw');
    const { database } = stack.service;
    await operator.ask({ do: 'remove-files', paths: [`${database}-wal`, `${database}-shm`] });
    if (stopsFirst) await stack.start(['nanoclaw']);
    await storeMessages(lab, stack, messageIds(6, 10));
    await witness.open();
    const seen = await witness.rows<{ id: string }>('SELECT id FROM messages');
    const ids = new Set(seen.map(({ id }) => id));
    const lost = messageIds(1, 10).filter((id) => !ids.has(id));
    if (lost.length === 0) return [];
    const text = `expected 10 messages that the host acknowledged, but another process misses ${lost.length} of them`;
    return found('lost-write', text, { lost });
  },
  expect: 'lost-write',
  seconds: 2.9,
});
