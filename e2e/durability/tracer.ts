/** Whether strace can watch the services here. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { messageOf, WalproofError } from '../model/errors.ts';

const YAMA = '/proc/sys/kernel/yama/ptrace_scope';

/** Throws TRACER_UNAVAILABLE. */
export async function requireTracer(): Promise<void> {
  const why = await whyNot();
  if (why !== null) throw new WalproofError('TRACER_UNAVAILABLE', why.message, why.next);
}

async function whyNot(): Promise<{ message: string; next: string } | null> {
  if (process.platform !== 'linux') {
    return {
      message: `expected Linux for the power cuts, whose syncs are seen by strace, but this is ${process.platform}`,
      next: 'run it on Linux, e.g. in a container with this folder',
    };
  }
  try {
    await promisify(execFile)('strace', ['-V']);
  } catch (error) {
    return {
      message: `expected strace, which sees the syncs that a power cut is modelled from, but ${messageOf(error)}`,
      next: 'install it (Debian: apt-get install strace), then run again',
    };
  }
  const scope = (await readFile(YAMA, 'utf8').catch(() => '0')).trim();
  if (scope === '0' || process.geteuid?.() === 0) return null;
  return {
    message: `expected to attach strace to processes of one's own, but ${YAMA} is ${scope}`,
    next: 'run as root, or sysctl kernel.yama.ptrace_scope=0',
  };
}
