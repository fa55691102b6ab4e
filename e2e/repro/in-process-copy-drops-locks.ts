import { repro, type SourceEdit } from '../model/repro.ts';
import { isHandedOver, messageIds, storeMessages } from './harness/nanoclaw.ts';
import { found } from './harness/scene.ts';

const METHODS = 'fixtures/nanoclaw/src/methods.ts';
/** A backup inside the host's database process, of all three files, as the careful do. */
const COPIES_ITSELF = [
  {
    file: METHODS,
    find: "import type { Queries } from './queries.ts';",
    replace: [
      "import { copyFileSync } from 'node:fs';",
      "import { DATABASE_FILE } from './config.ts';",
      "import type { Queries } from './queries.ts';",
    ].join('\n'),
  },
  {
    file: METHODS,
    find: '      module.storeMessage(message);',
    replace: [
      '      module.storeMessage(message);',
      "      if (message.id !== 'backup') return;",
      "      for (const suffix of ['', '-wal', '-shm']) copyFileSync(DATABASE_FILE + suffix, DATABASE_FILE + '.copy' + suffix);",
    ].join('\n'),
  },
];

/**
 * Claim:  what a host stored is there for everybody, also after it was backed up.
 * Method: a message asks for a backup, which the host's own database process makes with plain file I/O, or another process
 *         by SQLite's backup; a visitor opens the file, reads and closes; the host stores 10 messages; a third process
 *         looks for them, now and after the host has stopped.
 * Red as: lost-write. Not claimed: the SIGBUS that a truncated -shm can end in.
 */
export default repro({
  name: 'in-process-copy-drops-locks',
  title: 'A process that copies its own open database by file I/O loses its locks, and then its commits',
  operatorSees:
    'rows that the server acknowledged never appear to anybody else; lsof shows app.db-wal (deleted); no error',
  refusals: [],
  alsoReportedAs: ['(deleted)', 'copyFileSync', 'SIGBUS', 'rows vanish'],
  elapsed: 'nothing is refused',
  sources: [
    'MemPalace/mempalace#2471',
    'MemPalace/mempalace#2302',
    'openclaw/openclaw#127855',
    'NousResearch/hermes-agent#71724',
    'get-bb/bb#2190',
    'benbjohnson/litestream#93',
    'https://sqlite.org/howtocorrupt.html',
  ],
  mechanism:
    'POSIX locks belong to the process and the file, not to the descriptor: closing any descriptor of a file gives up all of ' +
    'them. SQLite cannot know. The next process to close believes that it is the last, checkpoints, and deletes -wal and ' +
    '-shm; the server goes on writing into the deleted ones.',
  seedPatch: 'causes',
  seedPatchBecause:
    'in WAL mode an idle connection holds a lock that says it is there; in DELETE mode it holds none between statements, so ' +
    'a copy then costs nothing',
  fix: "SQLite's backup (db.backup(), VACUUM INTO), or copy from another process; one SQLite library per process",
  playedBy: 'nanoclaw',
  cast: 'the host, with a backup by copyFileSync put into methods.ts against the file as it is, and visitors beside it',
  truth:
    'copying the database file alone is survived by newer SQLite (measured with 3.54.1 and 3.53.4): before it believes to be the last it ' +
    'also looks at the lock on -shm (unixIsSharingShmNode). A copy of all three files, the careful kind, drops that one too',
  engines: ['process', 'docker'],
  without: { edits: COPIES_ITSELF },
  with: { edits: [] as SourceEdit[] },
  async scenario(lab, { edits }) {
    const stack = await lab.stack('nanoclaw', { edits });
    await stack.start(['nanoclaw']);
    const site = lab.beside(stack);
    const [visitor, witness] = await Promise.all([site.actor('visitor'), site.actor('witness')]);
    await storeMessages(lab, stack, ['backup']);
    await lab.until(() => isHandedOver(stack, 1), 'the host to have nothing left to write');
    await visitor.open();
    if (edits.length === 0)
      lab.require((await visitor.ask({ do: 'backup', to: 'copy.db' })).ok, 'the backup to be made');
    await visitor.value('SELECT count(*) FROM messages');
    await visitor.close();
    const ids = messageIds(1, 10);
    await storeMessages(lab, stack, ids);
    await witness.open();
    const look = () => witness.rows<{ id: string }>('SELECT id FROM messages');
    const seenLive = new Set((await look()).map(({ id }) => id));
    await stack.stop('nanoclaw');
    const kept = new Set((await look()).map(({ id }) => id));
    const lost = ids.filter((id) => !kept.has(id));
    if (lost.length === 0) return [];
    const unseen = ids.filter((id) => !seenLive.has(id));
    return found(
      'lost-write',
      `expected the 10 messages that the host acknowledged, but another process misses ${unseen.length} while it runs and ${lost.length} after it has stopped`,
      { lost },
    );
  },
  expect: 'lost-write',
  seconds: 1.4,
});
