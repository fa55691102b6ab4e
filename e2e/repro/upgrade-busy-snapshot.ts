import { repro } from '../model/repro.ts';
import { refusedAs } from './harness/scene.ts';

/**
 * Claim:  a transaction that reads first gets its write through although another process committed in between.
 * Method: Oracle V2's own `writeTransaction` in a process: it reads, stands still until a second process has committed (or
 *         has begun to wait for its turn), and writes.
 * Red as: busy-snapshot. Not claimed: how often it happens under load; `verify` counts that.
 */
export default repro({
  name: 'upgrade-busy-snapshot',
  title: 'A transaction that reads first is refused its write at once, whatever the timeout',
  operatorSees:
    'SqliteError: database is locked (SQLITE_BUSY_SNAPSHOT, 517) within milliseconds, under a busy timeout of 30 s',
  refusals: [{ code: 'SQLITE_BUSY_SNAPSHOT', message: 'database is locked' }],
  alsoReportedAs: ['DrizzleError', 'Failed to run the query', 'deferred', 'transaction'],
  elapsed: 'at once',
  sources: [
    'desplega-ai/agent-swarm#1228',
    'daintreehq/daintree#7107',
    'chrisbenincasa/tunarr#2132',
    'peakflo/20x#538',
    'vjt/grappa-irc#524',
    'WiseLibs/better-sqlite3#836',
    'https://simonwillison.net/2025/Feb/17/sqlite-busy/',
  ],
  mechanism:
    'BEGIN is deferred, so the transaction begins as a reader, on the snapshot of its first SELECT. Another process ' +
    'commits. The first write would now have to build on a snapshot that is no longer the newest, which no waiting can ' +
    'mend, so SQLite refuses it without asking the busy handler. While the other writer is still open the same upgrade is ' +
    'refused as plain SQLITE_BUSY, as fast.',
  seedPatch: 'no-effect',
  seedPatchBecause:
    'busy_timeout is not asked inside a transaction, and WAL is what makes the snapshot outlive a commit',
  fix: 'begin as a writer: `tx.immediate()`, Drizzle `{ behavior: "immediate" }`; or try the whole transaction again',
  playedBy: 'oracle-v2',
  cast: 'the db module of oracle-v2 (variant seed-literal against the patched one) in two processes',
  engines: ['process', 'docker'],
  without: { variant: 'seed-literal' },
  with: { variant: 'patched' },
  async scenario(lab, { variant }) {
    const site = await lab.site({ service: 'oracle-v2', variant });
    const [reader, writer] = await Promise.all([site.actor('reader'), site.actor('writer')]);
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
    const write = writer.begin({ do: 'exec', sql: 'INSERT INTO t VALUES (2)' });
    await write.started;
    // Deferred, the transaction leaves the writer alone, so it commits now; begun as a writer it makes it wait.
    if (variant !== 'patched') lab.require((await write.reply).ok, 'the other process to commit in between');
    const third = await site.actor('signal');
    await third.ask({ do: 'fill-file', path: 'go-on', bytes: 0 });
    const upgraded = await upgrade.reply;
    lab.require((await write.reply).ok, 'the other process to commit in the end');
    return refusedAs(
      lab,
      upgraded,
      { SQLITE_BUSY_SNAPSHOT: 'busy-snapshot' },
      'the write of a transaction that has read to succeed',
    );
  },
  expect: 'busy-snapshot',
  seconds: 0.7,
});
