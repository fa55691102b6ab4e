import { WalproofError } from '../../model/errors.ts';
import { until } from '../shared/until.ts';
import { findProcess, listProcesses, type ProcessEntry } from './process-table.ts';

/** SIGKILL, SIGSTOP and SIGCONT act within milliseconds, unless a process hangs in the kernel (state D). */
const DEADLINE_MS = 10_000;

/** What names a group for good: the leader's pid and its start time. */
export interface GroupRecord {
  pgid: number;
  startTime: string;
}

/** A process with all the children it forked, on a process group of its own, so that one signal reaches all of them. */
export class ProcessGroup {
  readonly pgid: number;
  readonly startTime: string;

  /** `pgid` is the pid of a process that was spawned detached and has not been waited for yet. */
  constructor(pgid: number) {
    const leader = Number.isInteger(pgid) && pgid > 1 ? findProcess(pgid) : null;
    // kill(-1) reaches every process of the machine, so a wrong number must never get as far as a signal.
    if (leader?.pgid !== pgid) {
      throw new WalproofError('INTERNAL', `expected pid ${pgid} to lead a process group`, 'Please report this.');
    }
    this.pgid = pgid;
    this.startTime = leader.startTime;
  }

  /** Members that still run. A zombie holds no file and no lock: it only waits for its parent to notice. */
  members(): ProcessEntry[] {
    return listProcesses().filter(({ pgid, state }) => pgid === this.pgid && state !== 'Z' && state !== 'X');
  }

  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    try {
      process.kill(-this.pgid, signal);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      // macOS answers EPERM where only zombies are left.
      if (code === 'ESRCH' || (code === 'EPERM' && this.members().length === 0)) return;
      throw error;
    }
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#untilAll('be gone', () => false);
  }

  async freeze(): Promise<void> {
    this.signal('SIGSTOP');
    // `t` is a process under a debugger: as still as one in `T`.
    await this.#untilAll('be stopped', ({ state }) => state === 'T' || state === 't');
  }

  async resume(): Promise<void> {
    this.signal('SIGCONT');
    await this.#untilAll('go on', ({ state }) => state !== 'T');
  }

  async #untilAll(what: string, holds: (member: ProcessEntry) => boolean): Promise<void> {
    const done = await until(() => this.members().every(holds), { deadlineMs: DEADLINE_MS, everyMs: 5 });
    if (done) return;
    const seen = this.members().map(({ pid, state }) => `pid ${pid} in state ${state}`);
    throw new WalproofError(
      'INTERNAL',
      `expected process group ${this.pgid} to ${what} within ${DEADLINE_MS} ms, but saw ${seen.join(', ')}`,
      'State D means that it hangs in the kernel, usually on a disk: look at dmesg.',
    );
  }
}
