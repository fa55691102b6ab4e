import { readFileSync, readlinkSync, renameSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { GroupRecord, ProcessGroup } from './process-group.ts';
import { findProcess } from './process-table.ts';

const FILE_NAME = 'owner.json';

const schema = z.object({
  ownerPid: z.int().min(1),
  ownerStartTime: z.string().min(1),
  pidScope: z.string(),
  groups: z.array(z.object({ pgid: z.int().min(2), startTime: z.string().min(1) })),
});

/** Who made a temporary folder, and which process groups belong to it. */
export type OwnerRecord = z.infer<typeof schema>;

/** Where pids mean the same processes: two containers may share a temporary folder and not their pids. */
function pidScope(): string {
  return process.platform === 'linux' ? readlinkSync('/proc/self/ns/pid') : hostname();
}

/** Writes the record of a folder whose owner is this process; called again whenever a group comes or goes. */
export function writeOwnerRecord(folder: string, groups: Iterable<ProcessGroup>): void {
  const record: OwnerRecord = {
    ownerPid: process.pid,
    ownerStartTime: findProcess(process.pid)?.startTime ?? '',
    pidScope: pidScope(),
    groups: Array.from(groups, ({ pgid, startTime }): GroupRecord => ({ pgid, startTime })),
  };
  const file = join(folder, FILE_NAME);
  // Renamed into place, so that a reader sees the old or the new record, never half of one.
  writeFileSync(`${file}.new`, `${JSON.stringify(record)}\n`);
  renameSync(`${file}.new`, file);
}

/** Null where no owner can be told: such a folder is somebody else's. */
export function readOwnerRecord(folder: string): OwnerRecord | null {
  let text: string;
  try {
    text = readFileSync(join(folder, FILE_NAME), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Whether the owner is certainly gone. One whose pids cannot be judged from here counts as living. */
export function isOwnerDead(record: OwnerRecord): boolean {
  if (record.pidScope !== pidScope()) return false;
  const owner = findProcess(record.ownerPid);
  return owner === null || owner.state === 'Z' || owner.startTime !== record.ownerStartTime;
}
