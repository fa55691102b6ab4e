/** The databases among the files of an incident, and private copies of the one that is meant. */
import { copyFile, mkdir, open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { asDiskFull } from '../engine/shared/disk-full.ts';
import { DATABASE_HEADER_BYTES, isDatabase } from '../inspect/database-header.ts';
import { WalproofError } from '../model/errors.ts';
import type { Incident, IncidentFile } from './source.ts';

const SIDECARS = ['-wal', '-shm', '-journal'] as const;

export interface IncidentDatabase extends IncidentFile {
  sidecars: IncidentFile[];
}

/** The one with the name asked for, else the only one. Throws DATABASE_MISSING or DATABASE_AMBIGUOUS. */
export async function databaseAmong(
  { files }: Incident,
  source: string,
  wanted: string | undefined,
): Promise<IncidentDatabase> {
  const byName = new Map(files.map((file) => [file.name, file]));
  const found: IncidentDatabase[] = [];
  for (const file of files) {
    const sidecars = SIDECARS.flatMap((suffix) => byName.get(`${file.name}${suffix}`) ?? []);
    // Nothing was checkpointed yet where an empty file has a -wal.
    const isOne = file.bytes === 0 ? sidecars.some(({ bytes }) => bytes > 0) : await hasHeader(file.path);
    if (isOne) found.push({ ...file, sidecars });
  }
  const chosen =
    wanted === undefined ? found : found.filter(({ name }) => name === wanted || basename(name) === wanted);
  const [only, ...others] = chosen;
  if (only !== undefined && others.length === 0) return only;
  const details = found.map(
    ({ name, bytes, sidecars }) =>
      `${name} (${bytes} bytes${sidecars.map((each) => `, ${basename(each.name).slice(basename(name).length)}`).join('')})`,
  );
  if (only === undefined)
    throw new WalproofError(
      'DATABASE_MISSING',
      wanted === undefined
        ? `expected a SQLite database in ${source}, but none of its ${files.length} files is one`
        : `${source} has no database ${wanted}`,
      wanted === undefined
        ? 'bring the database file together with its -wal and -shm'
        : 'name one of those below with --db',
      { details },
    );
  throw new WalproofError(
    'DATABASE_AMBIGUOUS',
    `${source} has ${chosen.length} databases`,
    `say which with --db, e.g. --db ${only.name}`,
    { details },
  );
}

async function hasHeader(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(DATABASE_HEADER_BYTES), 0, DATABASE_HEADER_BYTES, 0);
    return isDatabase(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

/** A copy of our own with the sidecars named; returns its path. The original is opened for reading alone. */
export async function privateCopy(
  database: IncidentDatabase,
  folder: string,
  without: readonly string[] = [],
): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const target = join(folder, 'incident.db');
  try {
    await copyFile(database.path, target);
    for (const { name, path } of database.sidecars) {
      const suffix = name.slice(database.name.length);
      if (!without.includes(suffix)) await copyFile(path, `${target}${suffix}`);
    }
  } catch (error) {
    throw asDiskFull(error, folder);
  }
  return target;
}
