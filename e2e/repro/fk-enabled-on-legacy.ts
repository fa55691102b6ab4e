import { repro } from '../model/repro.ts';
import { refusedAs } from './harness/scene.ts';

/**
 * Claim:  a legacy row can be written again after foreign keys were turned on.
 * Method: a database written with foreign keys off holds a message without its thread; with the fix the orphans are
 *         repaired first; then a process with foreign keys on saves the message again, all columns, as an ORM does.
 * Red as: foreign-key-violation. Not claimed: other writes to the table, which go on working.
 */
export default repro({
  name: 'fk-enabled-on-legacy',
  title: 'Turning foreign keys on makes old orphans unwritable',
  operatorSees:
    'SqliteError: FOREIGN KEY constraint failed (SQLITE_CONSTRAINT_FOREIGNKEY, 787) when an old row is saved again',
  refusals: [{ code: 'SQLITE_CONSTRAINT_FOREIGNKEY', message: 'FOREIGN KEY constraint failed' }],
  alsoReportedAs: ['FOREIGN KEY', 'foreign_keys'],
  elapsed: 'at once',
  sources: [
    'drizzle-team/drizzle-orm#5782',
    'drizzle-team/drizzle-orm#4938',
    'CherryHQ/cherry-studio#17568',
    'powersync-ja/powersync.dart#414',
    'danielcopper/romm-tender#888',
    'nanocoai/nanoclaw#2525',
  ],
  mechanism:
    'foreign_keys belongs to the connection; nothing checks what other connections wrote without it. bun:sqlite opens with ' +
    'OFF, so a file may be full of orphans; the first statement that names their key column under ON fails.',
  seedPatch: 'causes',
  seedPatchBecause:
    'foreign_keys = ON changes nothing for NanoClaw, whose driver opens with ON, and everything for Oracle, whose upstream ' +
    'driver opens with OFF',
  fix: 'PRAGMA foreign_key_check and a repair before foreign keys are turned on',
  playedBy: 'processes',
  cast: "two processes with Oracle V2's forum tables, on the engine both services use",
  whyProcesses:
    'of all tables that refer to another one, no route of Oracle V2 writes the forum, and NanoClaw makes the missing chat ' +
    'itself before it stores a message',
  truth: 'an UPDATE that does not name the key column still succeeds on an orphan; ORMs name every column',
  engines: ['process', 'docker'],
  without: { repair: [] as string[] },
  with: {
    repair: [
      'DELETE FROM forum_messages WHERE thread_id NOT IN (SELECT id FROM forum_threads)',
      "INSERT INTO forum_messages VALUES (1, 1, 'old')",
    ],
  },
  async scenario(lab, { repair }) {
    const site = await lab.site();
    const [legacy, service] = await Promise.all([site.actor('legacy'), site.actor('service')]);
    await legacy.open({ pragmas: ['foreign_keys = OFF'] });
    await legacy.exec(`
      CREATE TABLE forum_threads (id INTEGER PRIMARY KEY, title TEXT);
      CREATE TABLE forum_messages (id INTEGER PRIMARY KEY, thread_id INTEGER REFERENCES forum_threads(id), body TEXT);
      INSERT INTO forum_threads VALUES (1, 'kept');
      INSERT INTO forum_messages VALUES (1, 7, 'old')`);
    for (const sql of repair) await legacy.exec(sql);
    await legacy.close();
    await service.open({ pragmas: ['journal_mode = WAL', 'foreign_keys = ON'] });
    await service.exec("UPDATE forum_messages SET body = 'only the text' WHERE id = 1");
    const save = await service.ask({
      do: 'exec',
      sql: "UPDATE forum_messages SET thread_id = thread_id, body = 'all columns' WHERE id = 1",
    });
    return refusedAs(
      lab,
      save,
      { SQLITE_CONSTRAINT_FOREIGNKEY: 'foreign-key-violation' },
      'an old row to be saved again',
    );
  },
  expect: 'foreign-key-violation',
  seconds: 0.3,
});
