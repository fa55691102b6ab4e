/** What the database looks like from outside: files, header bytes, a fresh connection, integrity. */
import { execFile } from 'node:child_process';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { messageOf, WalproofError } from '../model/errors.ts';
import type { DatabaseState } from '../model/observation.ts';
import type { Recorder } from '../model/scenario.ts';
import type { Stack } from '../model/stack.ts';

const PROBE = new URL('./probe.ts', import.meta.url);
/** integrity_check reads the whole file; runs keep it at some tens of megabytes. */
const PROBE_TIMEOUT_MS = 60_000;
/** https://sqlite.org/fileformat2.html#file_format_version_numbers */
const VERSION_OFFSET = 18;

interface ProbeAnswer {
  journalMode: string;
  sqliteVersion: string;
  sqliteSourceId: string;
  integrityCheck?: string[];
  foreignKeyCheck?: string[];
}

/** Which of the sidecar files exist, by stat alone. */
export async function observeSidecars(stack: Stack, recorder: Recorder, state: DatabaseState): Promise<void> {
  const atMs = recorder.nowMs();
  const files = await stack.files();
  const size = (suffix: string) =>
    files.find(({ path }) => path === `${stack.service.database}${suffix}`)?.bytes ?? null;
  recorder.observe({
    kind: 'sidecars',
    state,
    atMs,
    walBytes: size('-wal'),
    shmBytes: size('-shm'),
    journalBytes: size('-journal'),
  });
}

/** Asks a fresh connection in another process for the journal mode. */
export async function observeProbe(stack: Stack, recorder: Recorder, state: DatabaseState): Promise<void> {
  const { journalMode, sqliteVersion, sqliteSourceId } = await probeBeside(stack, 'connection');
  recorder.observe({ kind: 'probe', state, journalMode, sqliteVersion, sqliteSourceId });
}

/** integrity_check and foreign_key_check on the live file, from a process beside the services. */
export async function observeLiveIntegrity(stack: Stack, recorder: Recorder): Promise<void> {
  recorder.observe({ kind: 'integrity', source: 'live', ...integrityOf(await probeBeside(stack, 'integrity')) });
}

/** Takes a copy of db, -wal and -shm, reads its header bytes; with `keepIn` the copy stays there. */
export async function observeHeader(
  stack: Stack,
  recorder: Recorder,
  state: DatabaseState,
  keepIn?: string,
): Promise<void> {
  const folder = keepIn ?? (await mkdtemp(join(tmpdir(), 'walproof-copy-')));
  try {
    await stack.copyDatabase(folder);
    const [writeVersion, readVersion] = await headerVersions(join(folder, basename(stack.service.database)));
    recorder.observe({ kind: 'header', state, writeVersion, readVersion });
  } finally {
    if (keepIn === undefined) await rm(folder, { recursive: true, force: true });
  }
}

/** The checks on a copy of the copy, so that the kept one stays as it was found. */
export async function observeCopyIntegrity(stack: Stack, recorder: Recorder): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'walproof-copy-'));
  try {
    await stack.copyDatabase(folder);
    const file = join(folder, basename(stack.service.database));
    const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(PROBE), 'integrity', file], {
      timeout: PROBE_TIMEOUT_MS,
    });
    recorder.observe({ kind: 'integrity', source: 'copy', ...integrityOf(JSON.parse(stdout) as ProbeAnswer) });
  } catch (error) {
    // A copy that cannot even be opened is the finding itself.
    recorder.observe({ kind: 'integrity', source: 'copy', integrityCheck: [messageOf(error)], foreignKeyCheck: [] });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function probeBeside(stack: Stack, mode: 'connection' | 'integrity'): Promise<ProbeAnswer> {
  const args = [mode, `{data}/${stack.service.database}`];
  const { exitCode, stdout, stderr } = await stack.runBeside(PROBE, args, { timeoutMs: PROBE_TIMEOUT_MS });
  if (exitCode === 0) return JSON.parse(stdout) as ProbeAnswer;
  throw new WalproofError(
    'PROBE_FAILED',
    `the ${mode} probe of ${stack.service.name} ended with exit code ${exitCode}, expected 0`,
    'the lines below are what it wrote; the database is kept in the run bundle',
    { details: stderr.trim().split('\n').slice(-20) },
  );
}

function integrityOf({ integrityCheck = [], foreignKeyCheck = [] }: ProbeAnswer) {
  return { integrityCheck, foreignKeyCheck };
}

async function headerVersions(file: string): Promise<[number, number]> {
  const handle = await open(file, 'r');
  try {
    const { buffer } = await handle.read(Buffer.alloc(2), 0, 2, VERSION_OFFSET);
    return [buffer[0] ?? 0, buffer[1] ?? 0];
  } finally {
    await handle.close();
  }
}
