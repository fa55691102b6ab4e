/** Writers on bare connections, each in a process of its own, all on one database file: what SQLite gives without a service. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { changeCounter, commitsBetween } from './commits.ts';
import type { Totals } from './split.ts';

const PROGRAM = fileURLToPath(new URL('./bare-program.ts', import.meta.url));

/** What one writer did. */
export interface BareAnswer {
  writes: number;
  elapsedMs: number;
  cpuMs: number;
  /** Null unless the statements were timed. */
  statements: Totals | null;
}

export interface BareRun {
  answers: BareAnswer[];
  writesPerSecond: number;
  /** Null when the -shm could not be read. */
  commitsPerSecond: number | null;
}

export interface BareWish {
  service: string;
  writers: number;
  seed: number;
  durationMs: number;
  timed: boolean;
  signal: AbortSignal;
}

/** All writers together: each opens and warms up, then they begin at one moment. */
export async function runBare(wish: BareWish): Promise<BareRun> {
  const folder = mkdtempSync(join(tmpdir(), 'walproof-bare-'));
  const children = Array.from({ length: wish.writers }, (_, n) => startWriter(wish, folder, n));
  try {
    const lines = children.map(linesOf);
    await Promise.all(lines.map((next) => next()));
    const before = await changesIn(folder);
    for (const { stdin } of children) stdin.write(`${wish.durationMs}\n`);
    const answers = await Promise.all(lines.map(async (next) => JSON.parse(await next()) as BareAnswer));
    // While the writers still have it open: the last one to close removes the -shm.
    const commits = commitsBetween(before, await changesIn(folder));
    const rateOf = (count: number, { elapsedMs }: BareAnswer) => (1_000 * count) / elapsedMs;
    const [first] = answers;
    return {
      answers,
      writesPerSecond: answers.reduce((sum, answer) => sum + rateOf(answer.writes, answer), 0),
      commitsPerSecond: commits === null || first === undefined ? null : rateOf(commits, first),
    };
  } finally {
    await Promise.all(children.map(ended));
    rmSync(folder, { recursive: true, force: true });
  }
}

function startWriter({ service, seed, timed, signal }: BareWish, folder: string, n: number): Child {
  const args = [PROGRAM, service, folder, `${seed + n}`, `bare${n + 1}`, ...(timed ? ['timed'] : [])];
  return spawn(process.execPath, args, {
    // As the services have it; with a development build of a library it would be another limit.
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['pipe', 'pipe', 'inherit'],
    signal,
  });
}

/** Read here and not in a writer: closing a file that it has open as a database would drop its locks. */
async function changesIn(folder: string): Promise<number | null> {
  const name = (await readdir(folder)).find((each) => each.endsWith('-shm'));
  return name === undefined ? null : changeCounter(await readFile(join(folder, name)));
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

function linesOf(child: Child): () => Promise<string> {
  const failed = new Promise<never>((_, reject) => child.once('error', reject));
  failed.catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => {
    const { value, done } = await Promise.race([lines.next(), failed]);
    if (done === true) throw new Error(`a bare writer ended before it answered (exit code ${child.exitCode})`);
    return value as string;
  };
}

async function ended(child: Child): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}
