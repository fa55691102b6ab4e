/**
 * `hold <database>` freezes a checkpoint in the middle, see kill-mid-checkpoint.ts; `release` and `clean` belong to it.
 * `checkpoint <database>` is the child that checkpoints; its parent never opens the database itself, since it looks into
 * -shm by plain reads, and closing that file would drop the locks of its own process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';

const [mode, file = ''] = process.argv.slice(2);
const held = join(dirname(file), 'walproof-held');
const released = join(dirname(file), 'walproof-released');

/** So many frames make a checkpoint take long enough to be met; services checkpoint by themselves at 1000. */
const BACKLOG_FRAMES = 300;
const CATCH_MS = 20_000;
const HELD_MS = 20_000;
/** How long one checkpoint is watched for. */
const WATCH_MS = 250;
/** Where the kernel shows no locks, a checkpoint of somebody else, which the freeze did not stop, is taken to be over by then. */
const STILL_MS = 100;
/** The byte of -shm that whoever checkpoints locks (https://sqlite.org/walformat.html#wal_locks). */
const CKPT_BYTE = 121;

/** Where the wal-index keeps its counters, in the byte order of the machine (https://sqlite.org/walformat.html). */
const MX_FRAME = 16;
const N_BACKFILL = 96;
const N_BACKFILL_ATTEMPTED = 128;
const INDEX_BYTES = 136;
const bytes = Buffer.alloc(INDEX_BYTES);
const numbers = new DataView(bytes.buffer, bytes.byteOffset, INDEX_BYTES);
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

function look(index: number) {
  readSync(index, bytes, 0, INDEX_BYTES, 0);
  const at = (offset: number) => numbers.getUint32(offset, littleEndian);
  return { frames: at(MX_FRAME), backfilled: at(N_BACKFILL), attempted: at(N_BACKFILL_ATTEMPTED) };
}
type Look = ReturnType<typeof look>;

function isHalfway(now: Look, before: Look): boolean {
  return now.attempted > before.attempted && now.attempted > now.backfilled;
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/**
 * Whether it is this process that checkpoints: on a slow disk another one's can stand halfway for longer than a look can
 * tell from a frozen one. Null where the kernel shows no locks.
 */
function holdsCheckpoint(pid: number | undefined, index: number): boolean | null {
  if (!existsSync('/proc/locks')) return null;
  const { ino } = fstatSync(index);
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .some((line) => {
      const [, , , mode, holder, where, from, to] = line.trim().split(/\s+/);
      const isOurs = Number(holder) === pid && where?.split(':').at(-1) === String(ino);
      return isOurs && mode === 'WRITE' && Number(from) <= CKPT_BYTE && Number(to) >= CKPT_BYTE;
    });
}

/** Freezes the child in the middle of one checkpoint; false when it was over before it was met. */
async function meet(child: ChildProcess, index: number, before: Look): Promise<boolean> {
  await new Promise<void>((resolve) => child.send('go', () => resolve()));
  // Not by timers: a checkpoint is over within a few milliseconds.
  for (const until = performance.now() + WATCH_MS; performance.now() < until; ) {
    if (!isHalfway(look(index), before)) continue;
    child.kill('SIGSTOP');
    pause(STILL_MS);
    if (isHalfway(look(index), before) && holdsCheckpoint(child.pid, index) !== false) return true;
    child.kill('SIGCONT');
    return false;
  }
  return false;
}

/** The look before the one that was caught, and how many it took. */
async function catchOne(child: ChildProcess, index: number): Promise<{ before: Look | null; tries: number }> {
  let tries = 0;
  for (const until = performance.now() + CATCH_MS; performance.now() < until; await delay(5)) {
    const before = look(index);
    const backlog = before.frames - Math.max(before.backfilled, before.attempted);
    if (backlog < BACKLOG_FRAMES) continue;
    tries += 1;
    if (await meet(child, index, before)) return { before, tries };
  }
  return { before: null, tries };
}

async function hold(): Promise<{ before: Look | null; after: Look | null; tries: number }> {
  // Without a wal-index the database is not in WAL mode, and has no checkpoints.
  if (!existsSync(`${file}-shm`)) return { before: null, after: null, tries: 0 };
  const script = process.argv[1] ?? '';
  const child = spawn(process.execPath, [...process.execArgv, script, 'checkpoint', file], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  // Everybody else goes first, so that its checkpoint takes longer by the clock and is met more often.
  if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
  const index = openSync(`${file}-shm`, 'r');
  try {
    await Promise.race([new Promise((resolve) => child.once('message', resolve)), gone]);
    const { before, tries } = await catchOne(child, index);
    if (before !== null) {
      writeFileSync(held, '');
      for (const until = performance.now() + HELD_MS; !existsSync(released) && performance.now() < until; )
        await delay(10);
    }
    child.kill('SIGKILL');
    await gone;
    return { before, after: look(index), tries };
  } finally {
    child.kill('SIGKILL');
    closeSync(index);
  }
}

function checkpointWhenTold(): void {
  const database = new Database(file, { fileMustExist: true, timeout: 0 });
  database.pragma('wal_autocheckpoint = 0');
  database.prepare('SELECT count(*) FROM sqlite_schema').get();
  process.on('message', () => database.pragma('wal_checkpoint(PASSIVE)'));
  process.send?.('ready');
}

if (mode === 'checkpoint') checkpointWhenTold();
else {
  if (mode === 'hold') console.log(JSON.stringify(await hold()));
  else if (mode === 'release') writeFileSync(released, '');
  else for (const marker of [held, released]) rmSync(marker, { force: true });
  if (mode !== 'hold') console.log('{}');
}
