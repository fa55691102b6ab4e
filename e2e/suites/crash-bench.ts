/**
 * How fast crash images are swept: `node --max-semi-space-size=2 e2e/suites/crash-bench.ts [frames] [rounds]` makes a 1 MB database
 * with so many frames, sweeps it on two threads, and prints images per second with their spread, CPU time and the most memory.
 * The flag is that of the launcher, with which walproof sweeps: without it 10 000 frames took 507 MB instead of 274.
 */
import { copyFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { readSnapshot, type Snapshot } from '../observe/crash/snapshot.ts';
import { SweepPool } from '../observe/crash/sweep-pool.ts';

const ROWS = 2_600;
const FRAME_BYTES = 4_120;

const [frames = 1_000, rounds = 3] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'walproof-bench-'));
try {
  const snapshot = await make(join(folder, 'live.db'), join(folder, 'copy.db'));
  const rates: number[] = [];
  const seconds: number[] = [];
  let images = 0;
  const before = process.cpuUsage();
  for (let round = 1; round <= rounds; round++) {
    const keys = [{ of: 'row', sql: 'SELECT id FROM t ORDER BY id' }];
    await using pool = new SweepPool({ tables: [], halves: null, keys }, round);
    const startedAt = performance.now();
    const swept = await pool.sweep(snapshot);
    const took = (performance.now() - startedAt) / 1_000;
    if (swept.failed.length > 0)
      throw new Error(`expected every image to be sound, seen ${JSON.stringify(swept.failed)}`);
    images = Object.values(swept.images).reduce((sum, count) => sum + count, 0);
    rates.push(Math.round(images / took));
    seconds.push(Math.round(10 * took) / 10);
  }
  const { user, system } = process.cpuUsage(before);
  const cpuSeconds = (user + system) / 1e6 / rounds;
  console.log(`database ${snapshot.database.length} bytes, ${images} images of ${frames} frames, ${rounds} rounds`);
  console.log(`images/s ${spread(rates)} · seconds ${spread(seconds)}`);
  console.log(`CPU ${cpuSeconds.toFixed(1)} s a round: ${Math.round(images / cpuSeconds)} images per CPU second`);
  console.log(`most memory ${Math.round(process.resourceUsage().maxRSS / 1_024)} MB`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  return `${sorted[sorted.length >> 1]} (${sorted[0]}–${sorted.at(-1)})`;
}

async function make(live: string, copy: string): Promise<Snapshot> {
  const database = new Database(live);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = OFF');
  database.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT, n INTEGER); CREATE INDEX i ON t (n)');
  const insert = database.prepare('INSERT INTO t (body, n) VALUES (?, ?)');
  database.transaction(() => {
    for (let n = 0; n < ROWS; n++) insert.run('x'.repeat(350), (n * 7_919) % ROWS);
  })();
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.pragma('wal_autocheckpoint = 0');
  const update = database.prepare('UPDATE t SET n = ? WHERE id = ?');
  for (let n = 0; statSync(`${live}-wal`).size < frames * FRAME_BYTES; n++)
    update.run((n * 31) % ROWS, 1 + ((n * 977) % ROWS));
  for (const suffix of ['', '-wal', '-shm']) copyFileSync(`${live}${suffix}`, `${copy}${suffix}`);
  database.close();
  const snapshot = await readSnapshot(copy, 1);
  if (typeof snapshot === 'string') throw new Error(`expected a copy with frames, but ${snapshot}`);
  return snapshot;
}
