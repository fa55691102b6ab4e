/**
 * `hold-recovery.ts <database>`: leaves a large -wal as a crash does, has a child recover it and freezes the child in the
 * middle. `<database>.held` appears once it is, and `<database>.release` lets it go on. Nobody else may have the database
 * open at first. It stands alone, since it is handed into containers as source.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';

const [file = '', role = 'hold'] = process.argv.slice(2);
const begun = `${file}.recovering`;
/** Its index takes a tenth of a second to build. */
const WAL_MEGABYTES = 100;
const CATCH_MS = 25_000;
const LONGEST_MS = 40_000;

const pause = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

function childAs(as: string): { child: ChildProcess; gone: Promise<unknown> } {
  const args = [...process.execArgv, process.argv[1] ?? '', file, as];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return { child, gone: new Promise((resolve) => child.once('exit', resolve)) };
}

function leaveLargeWal(): void {
  const database = new Database(file, { fileMustExist: true, timeout: 5_000 });
  database.pragma('synchronous = OFF');
  database.pragma('wal_autocheckpoint = 0');
  database.exec('CREATE TABLE IF NOT EXISTS walproof_ballast (body BLOB)');
  const insert = database.prepare('INSERT INTO walproof_ballast VALUES (zeroblob(1000000))');
  for (let n = 0; n < WAL_MEGABYTES; n++) insert.run();
  process.kill(process.pid, 'SIGKILL');
}

/** The first statement recovers. The exit leaves the sidecars, as a kill does. */
function recover(): never {
  const database = new Database(file, { fileMustExist: true, timeout: 10_000 });
  writeFileSync(begun, '');
  database.prepare('SELECT count(*) FROM sqlite_schema').get();
  process.exit(0);
}

/** How a connection that does not wait is answered. Readonly, so that its close leaves the sidecars alone. */
function answered(probe: Database.Database): string {
  try {
    probe.prepare('SELECT count(*) FROM sqlite_schema').get();
    return 'read';
  } catch (error) {
    if (error instanceof Database.SqliteError) return error.code;
    throw error;
  }
}

/** Whether the child was frozen while it recovered: whoever does not wait is then told so, before and after. */
function caught(child: ChildProcess): boolean {
  const probe = new Database(file, { readonly: true, fileMustExist: true, timeout: 0 });
  try {
    let answer = answered(probe);
    while (answer !== 'read' && answer !== 'SQLITE_BUSY_RECOVERY') answer = answered(probe);
    child.kill('SIGSTOP');
    pause(20);
    return answer !== 'read' && answered(probe) === 'SQLITE_BUSY_RECOVERY';
  } finally {
    probe.close();
  }
}

async function hold(): Promise<void> {
  await childAs('leave-wal').gone;
  for (const until = performance.now() + CATCH_MS; performance.now() < until; ) {
    rmSync(begun, { force: true });
    const { child, gone } = childAs('recover');
    while (!existsSync(begun) && child.exitCode === null) await delay(1);
    if (!caught(child)) {
      child.kill('SIGKILL');
      await gone;
      continue;
    }
    writeFileSync(`${file}.held`, '');
    for (const until = performance.now() + LONGEST_MS; !existsSync(`${file}.release`) && performance.now() < until; )
      await delay(10);
    child.kill('SIGCONT');
    await gone;
    return;
  }
  throw new Error(`no recovery was met within ${CATCH_MS} ms`);
}

if (role === 'leave-wal') leaveLargeWal();
else if (role === 'recover') recover();
else await hold();
