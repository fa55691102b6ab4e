/**
 * Runs beside the service in a process of its own. One JSON document on stdout.
 *
 * `lock <file>` whether an exclusive lock can be had at once · `items <file>` what the service stored
 * `exit <code>` a program that fails · `hang` one that never ends
 */
import Database from 'better-sqlite3';

const [command, argument = ''] = process.argv.slice(2);

function lock(): string {
  const db = new Database(argument, { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
    return 'free';
  } catch (error) {
    if (error instanceof Database.SqliteError) return error.code;
    throw error;
  } finally {
    db.close();
  }
}

function items(): unknown[] {
  const db = new Database(argument, { readonly: true });
  try {
    return db.prepare('SELECT value FROM items ORDER BY value').pluck().all();
  } finally {
    db.close();
  }
}

if (command === 'lock') console.log(JSON.stringify(lock()));
else if (command === 'items') console.log(JSON.stringify(items()));
else if (command === 'hang') setInterval(() => command, 2 ** 30);
else {
  console.error(`beside: exit ${argument}`);
  process.exitCode = Number(argument);
}
