import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FOLDER_PREFIX, homeOf } from '../../../engine/process/folder.ts';
import { environmentOf, listProcesses } from '../../../engine/process/process-table.ts';

/** The folders of a run on the process engine, and the processes that were started for them. */
export async function leftBehind(runId: string): Promise<string[]> {
  const start = `${FOLDER_PREFIX}${runId}-`;
  const folders = (await readdir(tmpdir())).filter((name) => name.startsWith(start));
  const home = `HOME=${homeOf(join(tmpdir(), start))}`.replace(/\/home$/, '');
  const processes = listProcesses().filter(({ pid }) => environmentOf(pid)?.some((entry) => entry.startsWith(home)));
  return [...folders, ...processes.map(({ pid, state }) => `pid ${pid} in state ${state}`)];
}
