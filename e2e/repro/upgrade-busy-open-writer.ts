import { repro } from '../model/repro.ts';
import { refusedAs } from './harness/scene.ts';

/**
 * Claim:  a transaction that reads first gets its write through although another process is in the middle of one.
 * Method: Oracle V2's own `writeTransaction` in a process: it reads, stands still until a second process has begun to write
 *         (or has begun to wait for its turn), and writes while that is still open.
 * Red as: busy. Not claimed: what follows once the other one has committed; upgrade-busy-snapshot has that.
 */
export default repro({
  name: 'upgrade-busy-open-writer',
  title: 'A transaction that reads first does not wait for an open writer, whatever the timeout',
  operatorSees: 'SqliteError: database is locked (SQLITE_BUSY, 5) within milliseconds, under a busy timeout of 30 s',
  refusals: [{ code: 'SQLITE_BUSY', message: 'database is locked' }],
  alsoReportedAs: ['DrizzleError', 'Failed to run the query', 'busy_timeout is ignored', 'busy timeout ignored'],
  elapsed: 'at once',
  sources: ['vjt/grappa-irc#524', 'WiseLibs/better-sqlite3#1275', 'n8n-io/typeorm#11'],
  mechanism:
    'The busy handler is asked only while no transaction is under way. A deferred one that has read is under way, so its ' +
    'first write is refused at once: to wait for the open writer would mean to be refused anyway once that has committed.',
  seedPatch: 'no-effect',
  seedPatchBecause: 'busy_timeout is not asked inside a transaction',
  fix: 'begin as a writer: `tx.immediate()`, Drizzle `{ behavior: "immediate" }`; or try the whole transaction again',
  playedBy: 'oracle-v2',
  cast: 'the db module of oracle-v2 (variant seed-literal against the patched one) in a process, and another writer',
  engines: ['process', 'docker'],
  without: { variant: 'seed-literal' },
  with: { variant: 'patched' },
  async scenario(lab, { variant }) {
    const site = await lab.site({ service: 'oracle-v2', variant });
    const [reader, writer, signal] = await Promise.all([
      site.actor('reader'),
      site.actor('writer'),
      site.actor('signal'),
    ]);
    await writer.open({ timeoutMs: 10_000, pragmas: ['journal_mode = WAL'] });
    await writer.exec('CREATE TABLE t (x)');
    const upgrade = reader.begin({
      do: 'oracle-transaction',
      before: 'SELECT count(*) FROM t',
      between: 'go-on',
      after: 'INSERT INTO t VALUES (1)',
    });
    const hasRead = async () => (await site.files()).some(({ path }) => path === 'go-on.reached');
    await lab.until(hasRead, 'the transaction to have read');
    const write = writer.begin({ do: 'exec', sql: 'BEGIN IMMEDIATE; INSERT INTO t VALUES (2)' });
    await write.started;
    // Deferred, the transaction leaves the writer alone, so it is open now; begun as a writer it makes it wait.
    if (variant !== 'patched') lab.require((await write.reply).ok, 'the other process to be in its transaction');
    await signal.ask({ do: 'fill-file', path: 'go-on', bytes: 0 });
    const upgraded = await upgrade.reply;
    lab.require((await write.reply).ok, 'the other process to write in the end');
    return refusedAs(lab, upgraded, { SQLITE_BUSY: 'busy' }, 'the write of a transaction that has read to succeed');
  },
  expect: 'busy',
  seconds: 0.6,
});
