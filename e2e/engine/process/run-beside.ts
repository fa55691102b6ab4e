import { copyFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { LimitFunction } from 'p-limit';
import { WalproofError } from '../../model/errors.ts';
import type { RunResult } from '../../model/stack.ts';
import { SHOWN_LINES } from '../shared/line-ring.ts';
import { fillPlaceholders } from '../shared/placeholders.ts';
import { interrupted } from './await-started.ts';
import { baseEnvironment, type StackFolder } from './folder.ts';
import { ProcessGroup } from './process-group.ts';
import { spawnFailure, spawnNode } from './spawn-node.ts';

export interface BesideOptions {
  folder: StackFolder;
  script: URL;
  args: readonly string[];
  timeoutMs: number;
  /** Unique within the folder: two runs of one script may overlap. */
  number: number;
  /** Spawning waits here while the data folder is being copied. */
  exclusive: LimitFunction;
  disposal: AbortSignal;
  onGroup: (group: ProcessGroup, change: 'began' | 'ended') => void;
}

/** Runs a copy of a script inside the stack's folder, from where it finds better-sqlite3. */
export async function runBeside(options: BesideOptions): Promise<RunResult> {
  const { folder, script, number } = options;
  const copy = join(folder.path, 'beside', `${number}-${basename(fileURLToPath(script))}`);
  await copyFile(script, copy);
  try {
    return await runCopy(copy, options);
  } finally {
    await rm(copy, { force: true });
  }
}

async function runCopy(copy: string, options: BesideOptions): Promise<RunResult> {
  const { script, timeoutMs, onGroup } = options;
  const { child, group } = await options.exclusive(() => spawnCopy(copy, options));
  const ended = new Promise<{ exitCode: number | null; signal: string | null }>((resolve) => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
  });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    group.signal('SIGKILL');
  }, timeoutMs);
  try {
    const { exitCode, signal } = await ended;
    clearTimeout(timer);
    await group.kill();
    const [stdout, stderr] = await output;
    if (exitCode !== null) return { exitCode, stdout, stderr };
    const seen = timedOut ? `it ran for more than ${timeoutMs} ms` : `signal ${signal} ended it`;
    throw new WalproofError(
      'PROBE_FAILED',
      `expected ${basename(fileURLToPath(script))} to end by itself beside the services, but ${seen}`,
      'Its last lines on stderr are below; a lock held by a service is the usual reason to wait.',
      { details: stderr.split('\n').filter(Boolean).slice(-SHOWN_LINES) },
    );
  } finally {
    clearTimeout(timer);
    onGroup(group, 'ended');
  }
}

async function spawnCopy(copy: string, { folder, args, disposal, onGroup }: BesideOptions) {
  if (disposal.aborted) throw interrupted(basename(copy));
  const filled = args.map((argument) => fillPlaceholders(argument, { data: folder.data }));
  const child = spawnNode([copy, ...filled], folder.path, baseEnvironment(folder));
  if (child.pid === undefined) throw await spawnFailure(basename(copy), child);
  const group = new ProcessGroup(child.pid);
  onGroup(group, 'began');
  return { child, group };
}
