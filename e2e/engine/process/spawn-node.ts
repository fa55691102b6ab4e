import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { messageOf, WalproofError } from '../../model/errors.ts';

export type NodeProcess = ChildProcessByStdio<null, Readable, Readable>;

/** Runs this very Node with the given program, as leader of a group of its own. `pid` is undefined when that failed. */
export function spawnNode(args: readonly string[], cwd: string, env: Record<string, string>): NodeProcess {
  return spawn(process.execPath, [...args], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Why `spawnNode` gave no pid; Node tells it one tick later. */
export async function spawnFailure(name: string, child: NodeProcess): Promise<WalproofError> {
  const error = await new Promise<Error>((resolve) => child.once('error', resolve));
  return new WalproofError(
    'SERVICE_NOT_STARTED',
    `${name} could not be spawned: ${messageOf(error)}`,
    'Check the limits on processes and memory (ulimit -u, free -m), then run again.',
    { cause: error },
  );
}
