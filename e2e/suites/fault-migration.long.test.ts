/**
 * Claim:  a legacy database whose migration was cut off by SIGKILL is migrated by the service that opens it next, also
 *         when all its processes were already waiting for it.
 * Method: a migration beside is opened on the legacy database and held; all processes start and wait; the migration is
 *         killed before its commit; then the processes get healthy, and a copy of the database is read.
 * Red as: a process that does not start, a half-made table or column, a legacy row that is gone. Not claimed: power loss.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { HeldState } from '../faults/held-state.ts';
import { EVERYWHERE, stackFor } from './claims.ts';
import { temporaryFolder } from './engine-cases/harness/temporary-folder.ts';

const PROGRAM = new URL('../faults/programs/mid-migration.ts', import.meta.url);
const DATABASES = join(import.meta.dirname, '..', '..', 'fixtures', 'databases');
/** A table that the legacy database has rows in, and something that only the present schema has. */
const PRESENT: Record<string, { rows: string; query: string }> = {
  nanoclaw: {
    rows: 'messages',
    query: "SELECT count(*) FROM pragma_table_info('messages') WHERE name = 'is_bot_message'",
  },
  'oracle-v2': {
    rows: 'oracle_documents',
    query: "SELECT count(*) FROM sqlite_schema WHERE name = '__drizzle_migrations'",
  },
};

interface Answer {
  refusal: string;
  schema: { before: string; during: string; after: string };
}

function read<T>(file: string, look: (database: Database.Database) => T): T {
  const database = new Database(file);
  try {
    return look(database);
  } finally {
    database.close();
  }
}

describe.each(EVERYWHERE)('$where', ({ engine, service }) => {
  const { name, database } = service.definition;
  const { rows, query } = PRESENT[name] ?? { rows: '', query: '' };
  const ids = (opened: Database.Database) => opened.prepare(`SELECT id FROM ${rows} ORDER BY id`).pluck().all();

  test('starts on a legacy database whose migration was killed, and migrates it', async () => {
    await using folder = await temporaryFolder();
    const seedDatabase = join(DATABASES, `${name}-legacy.db`);
    const legacy = read(seedDatabase, ids);
    const stack = await stackFor(engine, service, { seedDatabase });
    await using migration = await HeldState.begin<Answer>(stack, PROGRAM);
    expect(await migration.reached()).toBe(true);
    const starting = stack.start();
    const { refusal, schema } = await migration.release();
    await starting;
    expect(refusal).toBe('SQLITE_BUSY');
    expect(schema.during).not.toBe(schema.before);

    const [copy = ''] = await stack.copyDatabase(folder.path);
    expect(copy.endsWith(database.split('/').at(-1) ?? '')).toBe(true);
    read(copy, (opened) => {
      expect(opened.prepare(query).pluck().get()).toBe(1);
      expect(opened.prepare("SELECT sql FROM sqlite_schema WHERE sql LIKE '%walproof%'").all()).toEqual([]);
      expect(opened.pragma('integrity_check', { simple: true })).toBe('ok');
      expect(ids(opened)).toEqual(expect.arrayContaining(legacy));
    });
  });
});
