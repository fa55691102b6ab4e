/**
 * Loaded into a service before anything else (`--import`): the process that does the database work has strace attached to it
 * before it opens the file, so that every write and every sync of it is seen. That is the forked one; SQLite works on its main
 * thread. strace runs in a session of its own, so that it outlives a SIGKILL of the group and writes down the end.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const ATTACH_DEADLINE_MS = 10_000;
/** Longer than the largest page. */
const SHOWN_BYTES = 70_000;
const CALLS =
  'pwrite64,write,writev,pwritev,fsync,fdatasync,ftruncate,fallocate,unlink,unlinkat,rename,renameat,renameat2,openat';

const { WALPROOF_TRACED: file, WALPROOF_TRACES: folder } = process.env;
if (process.send !== undefined && file !== undefined && folder !== undefined) attach(file, folder);

function attach(file: string, folder: string): void {
  const problems = join(folder, `${process.pid}.err`);
  const paths = ['', '-wal', '-journal'].map((suffix) => `${file}${suffix}`);
  const filters = [...paths, dirname(file)].flatMap((path) => ['-P', path]);
  const how = ['-y', '-xx', '-s', String(SHOWN_BYTES), '-ttt', '-T', '-e', `trace=${CALLS}`];
  const said = openSync(problems, 'w');
  const strace = spawn(
    'strace',
    [...how, ...filters, '-o', join(folder, `${process.pid}.strace`), '-p', String(process.pid)],
    {
      detached: true,
      stdio: ['ignore', 'ignore', said],
    },
  );
  closeSync(said);
  strace.unref();
  const deadline = performance.now() + ATTACH_DEADLINE_MS;
  // This thread must do nothing else until it is watched.
  while (/^TracerPid:\s*0$/m.test(readFileSync('/proc/self/status', 'utf8'))) {
    if (performance.now() > deadline)
      throw new Error(`strace did not attach: ${readFileSync(problems, 'utf8').trim()}`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  }
}
