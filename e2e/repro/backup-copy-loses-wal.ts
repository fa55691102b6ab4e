import { repro } from '../model/repro.ts';
import { isHandedOver, messageIds, storeMessages } from './harness/nanoclaw.ts';
import { found } from './harness/scene.ts';

const CHECKPOINTED = 5;
const MESSAGES = 20;

/**
 * Claim:  a backup holds every message that was stored before it began.
 * Method: a reader keeps its snapshot of 5 messages while 20 are reached; then the file is checkpointed and copied, or
 *         written by VACUUM INTO; the backup's messages are counted.
 * Red as: lost-write. Not claimed: a tar of a live volume, which can be malformed besides.
 */
export default repro({
  name: 'backup-copy-loses-wal',
  title: 'A copy of the database file alone is a backup without the newest commits',
  operatorSees:
    'the backup opens and passes integrity_check, but rows are missing (591 in the service, 134 in the backup)',
  refusals: [],
  alsoReportedAs: ['backup', 'no such table', 'rows missing', 'scripts/backup.sh', 'malformed'],
  elapsed: 'nothing is refused',
  sources: [
    'Soul-Brews-Studio/arra-oracle-v3#750',
    'gem/oq-engine#11752',
    'aceberg/ExerciseDiary#13',
    'Basekick-Labs/arc#635',
    'swiftwave-org/swiftwave#909',
  ],
  mechanism:
    'Commits live in the -wal until a checkpoint has copied them into app.db. A checkpoint before the copy is no cure: it can ' +
    'only copy up to the oldest snapshot that somebody reads, and it says so in a row (busy = 1) that nobody looks at; it ' +
    'does not throw.',
  seedPatch: 'causes',
  seedPatchBecause: 'in DELETE mode every commit is in app.db when it is acknowledged',
  fix: 'VACUUM INTO or the backup API, and count the rows of what came out',
  playedBy: 'nanoclaw',
  cast: 'the host, and beside it a reader and an operator with a backup script: the bug is in the script, not in a db module',
  truth:
    'a page that was changed since that snapshot is not copied at all, so a table made since the last full checkpoint is ' +
    'missing as a whole: "no such table"',
  engines: ['process', 'docker'],
  without: { vacuum: false },
  with: { vacuum: true },
  async scenario(lab, { vacuum }) {
    const stack = await lab.stack('nanoclaw');
    await stack.start(['nanoclaw']);
    const site = lab.beside(stack);
    const [reader, operator] = await Promise.all([site.actor('reader'), site.actor('operator')]);
    await storeMessages(lab, stack, messageIds(1, CHECKPOINTED));
    await lab.until(() => isHandedOver(stack, CHECKPOINTED), 'the host to have nothing left to write');
    await operator.open({ timeoutMs: 500 });
    await operator.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    await reader.open();
    await reader.exec('BEGIN');
    await reader.value('SELECT count(*) FROM messages');
    await storeMessages(lab, stack, messageIds(CHECKPOINTED + 1, MESSAGES));
    const [checkpoint] = await operator.rows<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)');
    lab.require(checkpoint?.busy === 1, 'the checkpoint to say that it was incomplete, without throwing');
    // In a process of its own: whoever has the database open would drop its locks by copying it.
    const copier = await site.actor('cp');
    const copy = { do: 'copy-file', from: stack.service.database, to: 'backup.db' } as const;
    if (vacuum) await operator.exec("VACUUM INTO '{data}/backup.db'");
    else lab.require((await copier.ask(copy)).ok, 'the copy to be made');
    await copier.open({ file: 'backup.db' });
    const kept = await copier.value<number>('SELECT count(*) FROM messages');
    const integrity = await copier.value<string>('PRAGMA integrity_check');
    lab.require(integrity === 'ok', 'integrity_check to be content with the backup');
    if (kept === MESSAGES) return [];
    const seen = `expected ${MESSAGES} messages in the backup, but saw ${kept}, with integrity_check ok`;
    return found('lost-write', seen, { kept });
  },
  expect: 'lost-write',
  seconds: 2.6,
});
