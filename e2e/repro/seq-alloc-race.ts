import { repro } from '../model/repro.ts';
import { refusedAs } from './harness/scene.ts';

/**
 * Claim:  two processes that number their rows by MAX(seq) + 1 both get a number.
 * Method: both read the maximum before either writes (or the second one waits for its turn to read), then both insert.
 * Red as: constraint-violated. Not claimed: numbers without gaps.
 */
export default repro({
  name: 'seq-alloc-race',
  title: 'Two processes read the same MAX(seq) and both insert the next one',
  operatorSees:
    'SqliteError: UNIQUE constraint failed: messages_out.seq (SQLITE_CONSTRAINT_UNIQUE, 2067), now and then',
  refusals: [{ code: 'SQLITE_CONSTRAINT_UNIQUE', message: 'UNIQUE constraint failed: messages_out.seq' }],
  alsoReportedAs: ['UNIQUE constraint failed', 'max(seq)'],
  elapsed: 'at once',
  sources: ['nanocoai/nanoclaw#2125'],
  mechanism:
    'Reading the maximum and inserting the next number are two statements, and another process fits between them.',
  seedPatch: 'no-effect',
  seedPatchBecause: 'WAL and a timeout order single statements, not what an application does between them',
  fix: 'BEGIN IMMEDIATE around both, or let SQLite number (INTEGER PRIMARY KEY)',
  playedBy: 'processes',
  cast: 'two processes that number one table',
  whyProcesses:
    'NanoClaw takes the ids of its rows from files, Oracle V2 leaves numbering to SQLite: neither reads a maximum to number by',
  engines: ['process', 'docker'],
  without: { immediate: false },
  with: { immediate: true },
  async scenario(lab, { immediate }) {
    const site = await lab.site();
    const [first, second] = await Promise.all([site.actor('host'), site.actor('container')]);
    await first.open({ pragmas: ['journal_mode = WAL'] });
    await first.exec('CREATE TABLE messages_out (id INTEGER PRIMARY KEY, seq INTEGER UNIQUE)');
    await second.open({ timeoutMs: 10_000 });
    if (immediate) await first.exec('BEGIN IMMEDIATE');
    const next = 'SELECT coalesce(max(seq), 0) + 1 AS seq FROM messages_out';
    const seq = await first.value<number>(next);
    // Its whole turn: with BEGIN IMMEDIATE it begins only when the first has committed.
    const begin = immediate ? 'BEGIN IMMEDIATE;' : '';
    const other = second.begin({
      do: 'exec',
      sql: `${begin} INSERT INTO messages_out (seq) ${next}; ${immediate ? 'COMMIT' : ''}`,
    });
    await other.started;
    if (!immediate) lab.require((await other.reply).ok, 'the second process to get its number');
    const insert = await first.ask({ do: 'exec', sql: `INSERT INTO messages_out (seq) VALUES (${seq})` });
    if (immediate) await first.exec('COMMIT');
    lab.require((await other.reply).ok, 'the second process to get its number');
    return refusedAs(
      lab,
      insert,
      { SQLITE_CONSTRAINT_UNIQUE: 'constraint-violated' },
      'both processes to get a number',
    );
  },
  expect: 'constraint-violated',
  seconds: 0.3,
});
