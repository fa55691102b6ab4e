import { repro } from '../model/repro.ts';
import { found } from './harness/scene.ts';

/**
 * Claim:  a migration that rebuilds a table keeps the rows that refer to it.
 * Method: the four steps that migrators generate (create new, copy, drop old, rename), in a transaction that turns foreign keys off
 *         inside, or before it; then the children are counted.
 * Red as: lost-write. Not claimed: other kinds of migration.
 */
export default repro({
  name: 'fk-rebuild-drops-children',
  title: 'A migration that rebuilds a parent table silently deletes all of its children',
  operatorSees: 'after a migration the child table is empty; no error, and foreign_key_check is content',
  refusals: [],
  alsoReportedAs: ['migration', 'ON DELETE CASCADE', 'DROP TABLE', 'data loss'],
  elapsed: 'nothing is refused',
  sources: [
    'drizzle-team/drizzle-orm#5784',
    'drizzle-team/drizzle-orm#3065',
    'vavallee/bindery#1972',
    'blinklabs-io/dingo#2696',
  ],
  mechanism:
    'With foreign keys on, DROP TABLE first deletes every row, and the deletion cascades. PRAGMA foreign_keys = OFF is ' +
    'ignored inside a transaction, and that is where migrators put it.',
  seedPatch: 'causes',
  seedPatchBecause: 'it turns foreign keys on, which makes the drop cascade; with them off the children stay',
  fix: 'turn foreign keys off before BEGIN, check with foreign_key_check before COMMIT, turn them on after it',
  playedBy: 'processes',
  cast: 'one process that migrates',
  whyProcesses:
    'no foreign key of either service cascades, so their tables cannot lose children to it; the statements are those of a ' +
    'migration file, not of a db module',
  engines: ['process', 'docker'],
  without: { steps: ['BEGIN IMMEDIATE; PRAGMA foreign_keys = OFF'] },
  with: { steps: ['PRAGMA foreign_keys = OFF', 'BEGIN IMMEDIATE'] },
  async scenario(lab, { steps }) {
    const site = await lab.site();
    const migrator = await site.actor('migrator');
    await migrator.open({ pragmas: ['journal_mode = WAL', 'foreign_keys = ON'] });
    await migrator.exec(`
      CREATE TABLE threads (id INTEGER PRIMARY KEY);
      CREATE TABLE messages (id INTEGER PRIMARY KEY, thread_id INTEGER REFERENCES threads(id) ON DELETE CASCADE);
      INSERT INTO threads VALUES (1);
      INSERT INTO messages VALUES (1, 1), (2, 1), (3, 1)`);
    for (const step of steps) await migrator.exec(step);
    await migrator.exec(`
      CREATE TABLE threads_new (id INTEGER PRIMARY KEY, title TEXT);
      INSERT INTO threads_new (id) SELECT id FROM threads;
      DROP TABLE threads;
      ALTER TABLE threads_new RENAME TO threads;
      COMMIT;
      PRAGMA foreign_keys = ON`);
    lab.require((await migrator.rows('PRAGMA foreign_key_check')).length === 0, 'foreign_key_check to be content');
    const kept = await migrator.value<number>('SELECT count(*) FROM messages');
    if (kept === 3) return [];
    return found('lost-write', `expected 3 messages after the migration, but saw ${kept}, and no error`, { kept });
  },
  expect: 'lost-write',
  seconds: 0.2,
});
