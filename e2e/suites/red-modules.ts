/** Db modules that break one promise each, made from the patched ones by changing a line. */
import type { FindingCode } from '../model/verdict.ts';

export interface RedModule {
  service: 'nanoclaw' | 'oracle-v2';
  /** What it does wrong, as the end of "a db module that …". */
  sin: string;
  check: string;
  code: FindingCode;
  /** As for `--faults`. Default `none`. */
  faults?: string;
  durationMs?: number;
  change(text: string): string;
}

/** Replaces what must be there; a line that was rewritten since must not turn the module into the patched one. */
function replaced(text: string, from: string | RegExp, to: string): string {
  const changed = text.replace(from, to);
  if (changed === text) throw new RangeError(`the patched db module has no ${from} any more`);
  return changed;
}

const fs = "import { closeSync, openSync, rmSync, writeSync } from 'node:fs';\n";
/** Runs once the first connection has been opened under the policy. */
const afterOpening = (text: string, code: string) =>
  replaced(`${fs}${text}`, /(readBack\(db\);|assertPolicy\(database\);)/, `$1\n    ${code}`);
const everywhere = (text: string) => (text.includes('readBack(db)') ? 'db' : 'database');

export const RED_MODULES: readonly RedModule[] = [
  {
    service: 'nanoclaw',
    sin: 'takes its cursor past a message that it did not return',
    check: 'delivery',
    code: 'message-missed',
    change: (text) =>
      `${replaced(text, '  getNewMessages,\n', '  getNewMessages: everyNewMessage,\n')}
export function getNewMessages(...args: Parameters<typeof everyNewMessage>) {
  const batch = everyNewMessage(...args);
  return { ...batch, messages: batch.messages.filter(({ id }) => !id.endsWith('7')) };
}\n`,
  },
  {
    service: 'nanoclaw',
    sin: 'gives a reply a row of its own each time its file is handled',
    check: 'delivery',
    code: 'reply-duplicated',
    change: (text) =>
      `${replaced(text, '  storeMessage,\n', '  storeMessage: storeOnce,\n')}
let stored = 0;
export function storeMessage(message: Parameters<typeof storeOnce>[0]): void {
  if (!message.is_bot_message) return storeOnce(message);
  storeOnce({ ...message, id: \`\${message.id}-\${++stored}\` });
  // As a kill between the commit and the deletion of the file would have it.
  if (stored % 50 === 1) throw new Error('not deleted');
}\n`,
  },
  {
    service: 'oracle-v2',
    sin: 'commits a document before its full-text row',
    check: 'search-index',
    code: 'document-unfindable',
    faults: 'kill',
    change: (text) =>
      `${replaced(text, 'db: drizzle(openDatabase(path))', 'db: late(drizzle(openDatabase(path)))')}
function late(db: TypedDatabase): TypedDatabase {
  const client = db.$client;
  const prepare = client.prepare.bind(client);
  let next = 1_000_000 * process.pid;
  client.prepare = ((source: string) => {
    const statement = prepare(source);
    if (!source.startsWith('INSERT INTO oracle_fts (rowid')) return statement;
    const run = statement.run.bind(statement);
    return { run: (row: number | null, ...rest: unknown[]) => {
      const lastInsertRowid = row ?? ++next;
      setTimeout(() => client.open && run(lastInsertRowid, ...rest), 200);
      return { changes: 1, lastInsertRowid };
    } };
  }) as typeof client.prepare;
  return db;
}\n`,
  },
  {
    service: 'oracle-v2',
    sin: 'commits a document and its full-text row apart, without ever being killed between',
    check: 'search-index',
    code: 'document-unfindable',
    // The migration keeps its transaction: processes that start at once would refuse each other, and nobody would serve.
    change: (text) =>
      replaced(
        replaced(text, "return db.transaction(work, { behavior: 'immediate' });", 'return work(db as never);'),
        'drizzleTransaction(db, (tx) => applyMigrations(tx, migrations));',
        "db.transaction((tx) => applyMigrations(tx, migrations), { behavior: 'immediate' });",
      ),
  },
  {
    service: 'oracle-v2',
    sin: 'changes the text behind the back of its full-text index',
    check: 'search-index',
    code: 'fts-inconsistent',
    change: (text) =>
      replaced(
        text,
        '  return sqlite.transaction(work)',
        '  sqlite.unsafeMode().exec("UPDATE oracle_fts_content SET c1 = \'other\' WHERE id % 50 = 0");\n  return sqlite.transaction(work)',
      ),
  },
  {
    service: 'nanoclaw',
    sin: 'removes the -wal while others write',
    check: 'wal-generation',
    code: 'wal-deleted-under-writer',
    change: (text) =>
      afterOpening(
        text,
        "if (process.env['AGENT_NAME'] === 'agent-1') setTimeout(() => rmSync(file + '-wal'), 1_500);",
      ),
  },
  {
    service: 'nanoclaw',
    sin: 'writes over the header of the -wal',
    check: 'wal-generation',
    code: 'wal-header-invalid',
    change: (text) =>
      afterOpening(
        text,
        "if (process.env['AGENT_NAME'] === 'agent-1') setInterval(() => { const wal = openSync(file + '-wal', 'r+'); writeSync(wal, Buffer.from('salt'), 0, 4, 16); closeSync(wal); }, 20).unref();",
      ),
  },
  {
    service: 'oracle-v2',
    sin: 'never checkpoints',
    check: 'wal-bounded',
    code: 'wal-unbounded',
    durationMs: 8_000,
    change: (text) => afterOpening(text, `${everywhere(text)}.pragma('wal_autocheckpoint = 0');`),
  },
  {
    service: 'oracle-v2',
    sin: 'keeps a reader open',
    check: 'wal-bounded',
    code: 'checkpoint-starved',
    durationMs: 9_000,
    change: (text) =>
      replaced(
        text,
        '  drizzleTransaction(db, (tx) => applyMigrations(tx, migrations));\n',
        "  drizzleTransaction(db, (tx) => applyMigrations(tx, migrations));\n  const reader = openDatabase(db.$client.name);\n  reader.exec('BEGIN');\n  reader.prepare('SELECT count(*) FROM oracle_documents').get();\n",
      ),
  },
  {
    service: 'nanoclaw',
    sin: 'does not come to work for seconds after a restart',
    check: 'liveness',
    code: 'slow-recovery',
    faults: 'restart',
    change: (text) =>
      `${replaced(text, '  storeMessage,\n', '  storeMessage: storeAtOnce,\n')}
let lazy: boolean | undefined;
export function storeMessage(message: Parameters<typeof storeAtOnce>[0]): void {
  lazy ??= (connection().prepare('SELECT count(*) FROM messages').pluck().get() as number) > 0;
  if (lazy && process.uptime() < 8) pause(8_000 - 1_000 * process.uptime());
  storeAtOnce(message);
}\n`,
  },
  {
    service: 'nanoclaw',
    sin: 'runs on another SQLite in one of the processes',
    check: 'engine-gate',
    code: 'mixed-sqlite-versions',
    change: (text) =>
      afterOpening(
        text,
        "if (process.env['AGENT_NAME'] === 'agent-1') db.function('sqlite_source_id', () => 'another build');",
      ),
  },
  {
    service: 'nanoclaw',
    sin: 'runs on a SQLite that can lose commits',
    check: 'engine-gate',
    code: 'sqlite-wal-reset-bug',
    change: (text) => afterOpening(text, "db.function('sqlite_version', () => '3.49.2');"),
  },
];
