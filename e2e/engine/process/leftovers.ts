import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { WalproofError } from '../../model/errors.ts';
import { until } from '../shared/until.ts';
import { FOLDER_PREFIX, homeOf } from './folder.ts';
import { removeFolder } from './limited-data.ts';
import { isOwnerDead, type OwnerRecord, readOwnerRecord } from './owner-record.ts';
import { environmentOf, findProcess, listProcesses, type ProcessEntry } from './process-table.ts';

const DEADLINE_MS = 10_000;

/**
 * Removes the folders under `tmpRoot` whose owner is dead, with the processes that still run on them. Returns one line
 * for each folder. A folder without an owner record, of another user, or of a living owner is left alone.
 */
export async function removeLeftovers(tmpRoot: string): Promise<string[]> {
  const removed: string[] = [];
  for (const name of readdirSync(tmpRoot)) {
    const folder = join(tmpRoot, name);
    if (!name.startsWith(FOLDER_PREFIX) || !isOwnFolder(folder)) continue;
    const record = readOwnerRecord(folder);
    if (record === null || !isOwnerDead(record)) continue;
    const killed = await killLeftProcesses(folder, record);
    removeFolder(folder);
    const processes = killed === 1 ? '1 process' : `${killed} processes`;
    removed.push(`${folder}: ${processes} and the folder of a run that was killed (its pid was ${record.ownerPid})`);
  }
  return removed;
}

/** In a temporary folder that everybody can write to, somebody else's record must not choose what is killed here. */
function isOwnFolder(folder: string): boolean {
  const facts = lstatSync(folder, { throwIfNoEntry: false });
  return facts?.isDirectory() === true && facts.uid === process.getuid?.();
}

async function killLeftProcesses(folder: string, record: OwnerRecord): Promise<number> {
  const killed = new Set<number>();
  const gone = await until(
    () => {
      const left = leftProcesses(folder, record);
      for (const { pid } of left) {
        killed.add(pid);
        killOne(pid);
      }
      return left.length === 0;
    },
    { deadlineMs: DEADLINE_MS },
  );
  if (gone) return killed.size;
  const pids = leftProcesses(folder, record).map(({ pid }) => pid);
  throw new WalproofError(
    'INTERNAL',
    `expected the processes of ${folder} to end within ${DEADLINE_MS} ms of SIGKILL, but pids ${pids.join(', ')} did not`,
    'State D in ps means that they hang in the kernel: look at dmesg, then remove the folder by hand.',
  );
}

/**
 * The processes of a folder. Those of a recorded group count only while its leader is the one that was recorded, so that
 * a number used again is never hit. On Linux the environment tells as well, also where the leader has died since.
 */
function leftProcesses(folder: string, record: OwnerRecord): ProcessEntry[] {
  const groups = new Set(
    record.groups.filter(({ pgid, startTime }) => findProcess(pgid)?.startTime === startTime).map(({ pgid }) => pgid),
  );
  const home = `HOME=${homeOf(folder)}`;
  return listProcesses().filter(
    ({ pid, pgid, state }) => state !== 'Z' && (groups.has(pgid) || environmentOf(pid)?.includes(home) === true),
  );
}

function killOne(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
