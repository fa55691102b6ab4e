/**
 * Blanks the text in a private copy: `redact.ts <copy> <into>`. Every value that is text or a blob becomes empty, or a token
 * where it is a key, so that rows stay apart and references meet. Full-text indexes are built anew from what is left, and
 * VACUUM INTO leaves free pages and the -wal behind. Says what it did as one JSON document.
 */
import { createHmac, randomBytes } from 'node:crypto';
import Database from 'better-sqlite3';

const [file = '', into = ''] = process.argv.slice(2);
const TOKEN_CHARACTERS = 20;

interface Column {
  name: string;
  notnull: 0 | 1;
  pk: number;
  /** 2 and 3 are generated. */
  hidden: number;
}

const database = new Database(file, { fileMustExist: true, timeout: 0 });
// Shadow tables of full-text indexes are otherwise not to be written.
database.unsafeMode(true);
const key = randomBytes(32);
// One value has one token, so that a reference meets its row; nobody who has not the key can try values.
database.function('walproof_token', { deterministic: true }, (value) =>
  createHmac('sha256', key).update(String(value)).digest('hex').slice(0, TOKEN_CHARACTERS),
);

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
const names = (sql: string) => database.prepare(sql).pluck().all() as string[];

/** Columns by which rows are told apart or meet: of keys, unique indexes and references, of either side. */
function keyColumns(tables: readonly string[]): Map<string, Set<string>> {
  const keys = new Map(tables.map((table) => [table.toLowerCase(), new Set<string>()]));
  const add = (table: string, column: string | null) =>
    column !== null && keys.get(table.toLowerCase())?.add(column.toLowerCase());
  for (const table of tables) {
    for (const { name, pk } of columnsOf(table)) if (pk > 0) add(table, name);
    for (const { name, unique } of database.pragma(`index_list(${quoted(table)})`) as { name: string; unique: 0 | 1 }[])
      if (unique === 1)
        for (const column of database.pragma(`index_info(${quoted(name)})`) as { name: string | null }[])
          add(table, column.name);
    for (const reference of database.pragma(`foreign_key_list(${quoted(table)})`) as {
      table: string;
      from: string;
      to: string | null;
    }[]) {
      add(table, reference.from);
      add(reference.table, reference.to);
    }
  }
  return keys;
}

function columnsOf(table: string): Column[] {
  return database.pragma(`table_xinfo(${quoted(table)})`) as Column[];
}

function blank(table: string, keys: ReadonlySet<string>): number {
  const columns = columnsOf(table).filter(({ hidden }) => hidden === 0);
  const set = columns.map(({ name }) => {
    const column = quoted(name);
    const empty = keys.has(name.toLowerCase()) ? `walproof_token(${column})` : "''";
    return `${column} = CASE typeof(${column}) WHEN 'text' THEN ${empty} WHEN 'blob' THEN ${keys.has(name.toLowerCase()) ? empty : 'zeroblob(0)'} ELSE ${column} END`;
  });
  return set.length === 0 ? 0 : database.prepare(`UPDATE ${quoted(table)} SET ${set.join(', ')}`).run().changes;
}

interface Virtual {
  name: string;
  module: string;
  sql: string;
}

function virtualTables(): Virtual[] {
  const rows = database
    .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL%'")
    .all() as { name: string; sql: string }[];
  return rows.map(({ name, sql }) => ({ name, sql, module: (/USING\s+(\w+)/i.exec(sql)?.[1] ?? '').toLowerCase() }));
}

/** What an index stores of its own, without what it stores of others. */
function rebuild({ name, module, sql }: Virtual): void {
  const table = quoted(name);
  const contentless = /content\s*=\s*(''|"")/i.test(sql);
  if (contentless) database.exec(`INSERT INTO ${table} (${table}) VALUES ('delete-all')`);
  else database.exec(`INSERT INTO ${table} (${table}) VALUES ('rebuild')`);
  if (module === 'fts5' && !contentless) database.exec(`INSERT INTO ${table} (${table}) VALUES ('optimize')`);
}

const KNOWN = new Set(['fts5', 'fts4', 'fts3', 'fts5vocab', 'rtree', 'geopoly']);
const virtual = virtualTables();
const strange = virtual.filter(({ module }) => !KNOWN.has(module));
if (strange.length > 0) {
  console.error(`no way is known to blank ${strange.map(({ name, module }) => `${name} (${module})`).join(', ')}`);
  process.exit(65);
}

const virtualNames = new Set(virtual.map(({ name }) => name));
/** Of an index: terms and sizes, which are made anew; only the stored text is blanked like any table. */
const derived = new Set(
  virtual.flatMap(({ name }) =>
    ['data', 'idx', 'docsize', 'config', 'segments', 'segdir', 'stat', 'node', 'rowid', 'parent'].map(
      (part) => `${name}_${part}`,
    ),
  ),
);
const all = names("SELECT name FROM sqlite_master WHERE type = 'table'").filter((name) => !virtualNames.has(name));
const statistics = all.filter((name) => /^sqlite_stat/.test(name));
const tables = all.filter((name) => !/^sqlite_/.test(name) && !derived.has(name));

database.pragma('foreign_keys = OFF');
database.pragma('ignore_check_constraints = ON');
const triggers = database.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all() as {
  name: string;
  sql: string;
}[];
// A trigger would copy the old text elsewhere.
for (const { name } of triggers) database.exec(`DROP TRIGGER ${quoted(name)}`);
const keys = keyColumns(tables);
let rows = 0;
for (const table of tables) rows += blank(table, keys.get(table.toLowerCase()) ?? new Set());
// Samples of the values.
for (const table of statistics) database.exec(`DELETE FROM ${quoted(table)}`);
for (const each of virtual.filter(({ module }) => /^fts[345]$/.test(module))) rebuild(each);
for (const { sql } of triggers) database.exec(sql);
database.prepare('VACUUM INTO ?').run(into);
database.close();
console.log(JSON.stringify({ tables: tables.length, rows }));
