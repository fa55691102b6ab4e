/** What cannot be inspected, and why, in words of what was seen. */
import { messageOf, WalproofError } from '../model/errors.ts';
import { entropyOf } from './database-header.ts';

/** Of a first page: text and code stay below, what is encrypted or compressed reaches almost 8. */
const CHANCE_BITS = 7.2;
const TOO_LITTLE_TO_TELL = 512;

const OTHER_FORMATS: readonly [string, string][] = [
  ['1f8b', 'it begins as gzip does'],
  ['504b0304', 'it begins as a zip archive does'],
  ['28b52ffd', 'it begins as zstd does'],
  ['7f454c46', 'it begins as a program does (ELF)'],
  ['377f0682', 'it is a -wal file: name the database beside it'],
  ['377f0683', 'it is a -wal file: name the database beside it'],
  ['d9d505f9', 'it is a rollback journal: name the database beside it'],
];

/** SQLite opens such a file only to say "file is not a database". */
export function notADatabase(path: string, head: Uint8Array, bytes: number): WalproofError {
  const seen = seenIn(head, bytes);
  return new WalproofError(
    'NOT_A_DATABASE',
    `expected a SQLite database at ${path}, but ${seen}`,
    /encrypted/.test(seen)
      ? 'if it is encrypted (SQLCipher, SEE), inspect a decrypted copy; if it was a database, restore it from a backup'
      : 'name the database file itself; if it was one, its first page was overwritten: restore it from a backup',
  );
}

function seenIn(head: Uint8Array, bytes: number): string {
  const begins = Buffer.from(head.subarray(0, 4)).toString('hex');
  const [, format] = OTHER_FORMATS.find(([magic]) => begins.startsWith(magic)) ?? [];
  if (format !== undefined) return format;
  if (head.every((byte) => byte === 0)) return `its first ${head.length} bytes are zero`;
  if (Buffer.from(head.subarray(0, 15)).toString('latin1') === 'SQLite format 3')
    return `it is truncated: ${bytes} bytes, and a header alone has 100`;
  if (head.length >= TOO_LITTLE_TO_TELL && entropyOf(head) > CHANCE_BITS)
    return 'it is not SQLite, or it is encrypted: its first page looks like chance, without the text "SQLite format 3"';
  return `its first bytes are ${JSON.stringify(Buffer.from(head.subarray(0, 16)).toString('latin1'))}, not "SQLite format 3"`;
}

export function unreadable(path: string, error: unknown): WalproofError {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new WalproofError(
      'DATABASE_MISSING',
      `expected a database at ${path}, but there is no such file`,
      'check the path',
    );
  if (code === 'EACCES' || code === 'EPERM')
    return new WalproofError(
      'DATABASE_UNREADABLE',
      `expected to read ${path}, but this user may not (${code})`,
      'run it as the user of the service, or as root: sudo npx walproof inspect …',
    );
  if (code === 'ELOOP')
    return new WalproofError('DATABASE_MISSING', `${path} is a symlink that leads in a circle`, 'name the file itself');
  return new WalproofError(
    'DATABASE_UNREADABLE',
    `expected to read ${path}, but ${messageOf(error)}`,
    'copy the file, with its -wal and -shm, to a local disk and inspect the copy',
    { cause: error },
  );
}

export function notAFile(path: string, isFolder: boolean): WalproofError {
  return new WalproofError(
    'NOT_A_DATABASE',
    `expected a database file, but ${path} is ${isFolder ? 'a folder' : 'no regular file'}`,
    isFolder ? 'name the database inside it; walproof import takes a folder' : 'name the database file itself',
  );
}
