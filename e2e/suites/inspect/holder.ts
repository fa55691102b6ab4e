/** A process that has one database open and runs what its parent sends: `{ exec }`, `{ all }`, `{ iterate }`. */
import Database from 'better-sqlite3';

const [file = '', ...pragmas] = process.argv.slice(2);
const database = new Database(file, { timeout: 0 });
for (const pragma of pragmas) database.pragma(pragma);

/** Kept, so that a reader stays one. */
const iterators: unknown[] = [];

type Order = { exec: string } | { all: string } | { iterate: string };

function carryOut(order: Order): unknown {
  if ('exec' in order) return void database.exec(order.exec);
  if ('all' in order) return database.prepare(order.all).all();
  const rows = database.prepare(order.iterate).iterate();
  iterators.push(rows);
  return rows.next().value;
}

process.on('message', (order: Order) => {
  try {
    process.send?.({ value: carryOut(order) ?? null });
  } catch (error) {
    process.send?.({ refused: (error as { code?: string }).code ?? String(error) });
  }
});
process.on('disconnect', () => process.exit(0));
process.send?.({ value: 'ready' });
