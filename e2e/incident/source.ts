/** What an operator brings: a folder or an archive. It is only ever read; an archive is unpacked into a private folder. */
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, open, readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { asDiskFull } from '../engine/shared/disk-full.ts';
import { messageOf, WalproofError } from '../model/errors.ts';

const MOST_ENTRIES = 10_000;
const GZIP = '1f8b';

export interface IncidentFile {
  /** Relative to the source. */
  name: string;
  path: string;
  bytes: number;
}

export interface Incident {
  files: IncidentFile[];
  /** Links of a folder, which are not followed. */
  skipped: string[];
}

/** @param unpackTo an empty folder of our own. Throws an error for whatever an archive must not have. */
export async function openSource(path: string, unpackTo: string, mostBytes: number): Promise<Incident> {
  const facts = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    throw new WalproofError(
      'INCIDENT_MISSING',
      `expected a folder or an archive at ${path}, but ${error.code === 'ENOENT' ? 'there is none' : messageOf(error)}`,
      'check the path',
    );
  });
  if (facts.isDirectory()) return await listed(path, mostBytes);
  if (facts.isFile()) {
    await unpack(path, unpackTo, mostBytes);
    return await listed(unpackTo, mostBytes);
  }
  throw new WalproofError(
    'INCIDENT_MISSING',
    `${path} is neither a folder nor an archive`,
    'name the folder or the .tar, .tar.gz or .tgz itself',
  );
}

async function listed(root: string, mostBytes: number): Promise<Incident> {
  const found: Incident = { files: [], skipped: [] };
  let bytes = 0;
  const visit = async (folder: string): Promise<void> => {
    for (const entry of (await readdir(folder, { withFileTypes: true })).toSorted((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const path = join(folder, entry.name);
      const name = relative(root, path);
      if (entry.isDirectory()) await visit(path);
      else if (!entry.isFile()) found.skipped.push(name);
      else {
        const { size } = await lstat(path);
        bytes += size;
        found.files.push({ name, path, bytes: size });
      }
      if (found.files.length > MOST_ENTRIES) throw tooLarge(root, `more than ${MOST_ENTRIES} files`);
      if (bytes > mostBytes) throw tooLarge(root, `more than ${mostBytes} bytes`);
    }
  };
  await visit(root);
  return found;
}

async function unpack(archive: string, to: string, mostBytes: number): Promise<void> {
  const entries = extract();
  const packed = createReadStream(archive);
  const reading = (await isGzip(archive)) ? pipeline(packed, createGunzip(), entries) : pipeline(packed, entries);
  try {
    // An archive that ends too soon leaves its last entry waiting for ever, so both are waited for at once.
    const [count] = await Promise.all([unpackAll(archive, entries, to, mostBytes), reading]);
    if (count === 0) throw new Error('it has no entries');
  } catch (error) {
    entries.destroy();
    packed.destroy();
    throw brokenArchive(archive, asDiskFull(error, to));
  }
}

/** How many entries there were. */
async function unpackAll(
  archive: string,
  entries: ReturnType<typeof extract>,
  to: string,
  mostBytes: number,
): Promise<number> {
  let [count, bytes] = [0, 0];
  for await (const entry of entries) {
    const { header } = entry;
    count++;
    bytes += header.size ?? 0;
    // Before a byte is written: a bomb says its size, and what it does not say the format does not let through.
    if (count > MOST_ENTRIES) throw tooLarge(archive, `more than ${MOST_ENTRIES} entries`);
    if (bytes > mostBytes) throw tooLarge(archive, `more than ${mostBytes} bytes unpacked`);
    await unpackEntry(archive, to, header, entry);
  }
  return count;
}

/** An entry of an archive, as its reader hands it out. */
type Unpacked = AsyncIterable<unknown> & { resume(): unknown };

async function unpackEntry(archive: string, to: string, { name, type }: Header, entry: Unpacked): Promise<void> {
  if (type !== 'file' && type !== 'directory' && type !== 'contiguous-file')
    throw unsafe(archive, `${name} is a ${type}`);
  if (name.startsWith('/')) throw unsafe(archive, `${name} is an absolute path`);
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || name.includes('\0')) throw unsafe(archive, `${name} leads out of it`);
  const path = join(to, ...parts);
  if (type === 'directory') {
    await mkdir(path, { recursive: true, mode: 0o700 });
    entry.resume();
    return;
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await pipeline(entry, createWriteStream(path, { mode: 0o600 }));
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return buffer.toString('hex') === GZIP;
  } finally {
    await file.close();
  }
}

function unsafe(archive: string, seen: string): WalproofError {
  return new WalproofError(
    'INCIDENT_UNSAFE',
    `expected ${archive} to hold plain files and folders below it, but ${seen}`,
    'pack the folder again without it; nothing of it was used',
  );
}

function tooLarge(source: string, seen: string): WalproofError {
  return new WalproofError(
    'INCIDENT_TOO_LARGE',
    `${source} has ${seen}`,
    'pass the folder with the database and its logs alone, or a higher --max-mb',
  );
}

function brokenArchive(archive: string, error: unknown): WalproofError {
  if (error instanceof WalproofError) return error;
  return new WalproofError(
    'INCIDENT_BROKEN',
    `expected ${archive} to be a whole .tar, .tar.gz or .tgz, but ${messageOf(error)}`,
    'copy it again, or unpack it by hand and pass the folder',
    { cause: error },
  );
}
