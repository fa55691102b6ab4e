import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { dirname, join as posixJoin } from 'node:path/posix';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type Docker from 'dockerode';
import { extract, pack } from 'tar-stream';
import { DATABASE_SUFFIXES } from '../shared/database-files.ts';
import { asDiskFull } from '../shared/disk-full.ts';
import { statusOf } from './client.ts';
import { DATA_DIR } from './plan.ts';
import { asked } from './refusal.ts';

const OWNER = { uid: 1000, gid: 1000 };

/** Copies db, -wal, -shm and -journal as they are into a folder of the host. Nobody may write to them meanwhile. */
export async function copyOut(container: Docker.Container, database: string, toDir: string): Promise<string[]> {
  await mkdir(toDir, { recursive: true });
  const copied: string[] = [];
  for (const suffix of DATABASE_SUFFIXES) {
    const target = join(toDir, `${basename(database)}${suffix}`);
    // A sidecar of an earlier copy would be taken for one of this copy.
    await rm(target, { force: true });
    const archive = await openArchive(container, `${posixJoin(DATA_DIR, database)}${suffix}`);
    if (archive === null) continue;
    await writeOnlyEntry(archive, target);
    copied.push(target);
  }
  return copied;
}

/** Null when the file does not exist. */
async function openArchive(container: Docker.Container, path: string): Promise<NodeJS.ReadableStream | null> {
  try {
    return await container.getArchive({ path });
  } catch (error) {
    if (statusOf(error) === 404) return null;
    return await asked(`read ${path}`, Promise.reject(error));
  }
}

async function writeOnlyEntry(archive: NodeJS.ReadableStream, target: string): Promise<void> {
  const entries = extract();
  const reading = pipeline(archive, entries);
  try {
    for await (const entry of entries) await pipeline(entry, createWriteStream(target));
    await reading;
  } catch (error) {
    // The reader fails after the writer did; its own error says nothing more.
    await reading.catch((consequence: unknown) => consequence);
    throw asDiskFull(error, target);
  }
}

/** Puts a file into the volume, with the folders above it, owned by the user that the services run as. */
export async function copyIn(container: Docker.Container, file: string, database: string): Promise<void> {
  const archive = pack();
  const { size } = await stat(file);
  for (const name of foldersAbove(database)) archive.entry({ name, type: 'directory', mode: 0o755, ...OWNER });
  const writing = async () => {
    await pipeline(createReadStream(file), archive.entry({ name: database, size, mode: 0o644, ...OWNER }));
    archive.finalize();
  };
  await Promise.all([
    writing(),
    asked('fill the volume', container.putArchive(Readable.from(archive), { path: DATA_DIR })),
  ]);
}

function foldersAbove(path: string): string[] {
  const folder = dirname(path);
  return folder === '.' ? [] : [...foldersAbove(folder), folder];
}
