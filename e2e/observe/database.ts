/** What the database looks like from outside: files, header bytes, a fresh connection, integrity. */
import { execFile } from 'node:child_process';
import { open, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { messageOf, WalproofError } from '../model/errors.ts';
import type { CommitsSeen, DatabaseState } from '../model/observation.ts';
import type { Recorder } from '../model/scenario.ts';
import type { ServiceDefinition } from '../model/service.ts';
import type { Stack } from '../model/stack.ts';
import { parseWalHeader, parseWalIndex, WAL_HEADER_BYTES, WAL_INDEX_HEAD_BYTES } from './wal-format.ts';

const PROBE = new URL('./probe.ts', import.meta.url);
const COMMIT_PROBE = fileURLToPath(new URL('./commit-probe.ts', import.meta.url));
/** integrity_check reads the whole file; runs keep it at some tens of megabytes. */
const PROBE_TIMEOUT_MS = 60_000;
/** https://sqlite.org/fileformat2.html#file_format_version_numbers */
const PAGE_SIZE_OFFSET = 16;
const VERSION_OFFSET = 18;
const DATABASE_HEAD_BYTES = 100;

interface ProbeAnswer {
  journalMode: string;
  sqliteVersion: string;
  sqliteSourceId: string;
  integrityCheck?: string[];
  foreignKeyCheck?: string[];
  fullText?: { table: string; complaints: string[] }[];
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
  await orMissing(recorder, 'connection', async () => {
    const { journalMode, sqliteVersion, sqliteSourceId } = await probeBeside(stack, 'connection');
    recorder.observe({ kind: 'probe', state, journalMode, sqliteVersion, sqliteSourceId });
  });
}

/** integrity_check and foreign_key_check on the live file, from a process beside the services. */
export async function observeLiveIntegrity(stack: Stack, recorder: Recorder): Promise<void> {
  await orMissing(recorder, 'integrity', async () => {
    recorder.observe({ kind: 'integrity', source: 'live', ...integrityOf(await probeBeside(stack, 'integrity')) });
  });
}

/** The header bytes of a copied database, and those of its -wal. */
export async function observeHeader(file: string, recorder: Recorder, state: DatabaseState): Promise<void> {
  const head = (await headOf(file, DATABASE_HEAD_BYTES)) ?? new Uint8Array(DATABASE_HEAD_BYTES);
  const [writeVersion = 0, readVersion = 0] = head.subarray(VERSION_OFFSET);
  recorder.observe({ kind: 'header', state, writeVersion, readVersion });
  await observeWalHeader(file, pageSizeIn(head), recorder, state);
}

/** The checks on a copied database, which recover it: a copy to be kept is no copy for this. */
export async function observeCopyIntegrity(
  file: string,
  service: ServiceDefinition,
  recorder: Recorder,
): Promise<void> {
  // First: the probe below closes the copy, which checkpoints it.
  await observeCommits(file, service.promises?.searchable?.halves, recorder);
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(PROBE), 'copy', file], {
      timeout: PROBE_TIMEOUT_MS,
    });
    recorder.observe({ kind: 'integrity', source: 'copy', ...integrityOf(JSON.parse(stdout) as ProbeAnswer) });
  } catch (error) {
    // A copy that cannot even be opened is the finding itself.
    recorder.observe({ kind: 'integrity', source: 'copy', integrityCheck: [messageOf(error)], foreignKeyCheck: [] });
  }
}

/**
 * A look that fails must not end the run: a database that is broken enough is the very thing to be judged. It is written
 * down, and what it would have shown is missing.
 */
export async function orMissing(recorder: Recorder, look: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof WalproofError) || error.code !== 'PROBE_FAILED') throw error;
    recorder.observe({ kind: 'look-failed', look, message: error.message, lastLines: [...error.details] });
  }
}

/** Looks for halves after each commit of a copy. A copy that cannot be read has none to show; its integrity is judged. */
async function observeCommits(file: string, halves: string | undefined, recorder: Recorder): Promise<void> {
  if (halves === undefined) return;
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [COMMIT_PROBE, file, halves], {
      timeout: PROBE_TIMEOUT_MS,
    });
    recorder.observe({ kind: 'commits', ...(JSON.parse(stdout) as { commits: number; torn: CommitsSeen['torn'] }) });
  } catch (error) {
    recorder.observe({ kind: 'look-failed', look: 'commits', message: messageOf(error), lastLines: [] });
  }
}

async function probeBeside(stack: Stack, mode: 'connection' | 'integrity'): Promise<ProbeAnswer> {
  const args = [mode, `{data}/${stack.service.database}`];
  const { exitCode, stdout, stderr } = await stack.runBeside(PROBE, args, { timeoutMs: PROBE_TIMEOUT_MS });
  if (exitCode === 0) return JSON.parse(stdout) as ProbeAnswer;
  if (/\bSQLITE_FULL\b|\bENOSPC\b/.test(stderr)) {
    throw new WalproofError(
      'DISK_FULL',
      `the ${mode} probe of ${stack.service.name} found the disk of the data folder full`,
      'Free space where the data folder lies (df -h shows it), then run again.',
      { details: stderr.trim().split('\n').slice(-20) },
    );
  }
  throw new WalproofError(
    'PROBE_FAILED',
    `the ${mode} probe of ${stack.service.name} ended with exit code ${exitCode}, expected 0`,
    'the lines below are what it wrote; the database is kept in the run bundle',
    { details: stderr.trim().split('\n').slice(-20) },
  );
}

function integrityOf({ integrityCheck = [], foreignKeyCheck = [], fullText }: ProbeAnswer) {
  return { integrityCheck, foreignKeyCheck, ...(fullText === undefined ? {} : { fullText }) };
}

/** The header of a copied -wal, beside what the copied index says of it; nothing when there was no -wal to copy. */
async function observeWalHeader(
  file: string,
  databasePageSize: number | null,
  recorder: Recorder,
  state: DatabaseState,
): Promise<void> {
  const head = await headOf(`${file}-wal`, WAL_HEADER_BYTES);
  if (head === null) return;
  const index = await headOf(`${file}-shm`, WAL_INDEX_HEAD_BYTES);
  recorder.observe({
    kind: 'wal-header',
    state,
    bytes: (await stat(`${file}-wal`)).size,
    header: parseWalHeader(head),
    databasePageSize,
    index: index && parseWalIndex(index),
  });
}

/** 65536 does not fit into the two bytes and is stored as 1; null for an empty file. */
function pageSizeIn(head: Uint8Array): number | null {
  const size = ((head[PAGE_SIZE_OFFSET] ?? 0) << 8) + (head[PAGE_SIZE_OFFSET + 1] ?? 0);
  if (size === 0) return null;
  return size === 1 ? 65_536 : size;
}

/** The first bytes of a file, fewer when it is shorter; null when it does not exist. */
async function headOf(file: string, bytes: number): Promise<Uint8Array | null> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (handle === null) return null;
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
