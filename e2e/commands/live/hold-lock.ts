import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { text } from 'node:stream/consumers';
import { HELD_MS } from './hands.ts';

const PROGRAM = new URL('../../faults/programs/hold-write-lock.ts', import.meta.url);

/** What the program says. */
export interface Held {
  heldMs: number;
  refusals: string[];
}

/** Holds the write lock from a container that has the volume: the program goes in over stdin, for it is not in the image. */
export async function holdLockIn(containerId: string, database: string): Promise<string> {
  const node = ['node', '--input-type=module-typescript', '-', database, String(HELD_MS)];
  const child = spawn('docker', ['exec', '--interactive', containerId, ...node], { stdio: ['pipe', 'pipe', 'pipe'] });
  createReadStream(PROGRAM).pipe(child.stdin);
  // The exec may end before it has read its program.
  child.stdin.on('error', () => undefined);
  const ended = Promise.withResolvers<number | null>();
  child.once('error', ended.reject);
  child.once('close', ended.resolve);
  const [exitCode, stdout, stderr] = await Promise.all([ended.promise, text(child.stdout), text(child.stderr)]);
  if (exitCode !== 0) throw new Error(`the program that holds it ended with ${exitCode}: ${stderr.trim().slice(-300)}`);
  return effectOf(JSON.parse(stdout) as Held);
}

/** Throws when the lock was not held all the time. */
export function effectOf({ heldMs, refusals }: Held): string {
  const isProved = refusals.length === 2 && refusals.every((code) => code === 'SQLITE_BUSY');
  const seen = `held for ${(heldMs / 1000).toFixed(1)} s; another connection that does not wait: ${refusals.join(', ')}`;
  if (!isProved || heldMs < HELD_MS) throw new Error(seen);
  return seen;
}
