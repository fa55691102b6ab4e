/** The first 100 bytes of a database (https://sqlite.org/fileformat2.html#the_database_header). Pure: bytes in, facts out. */

export const DATABASE_HEADER_BYTES = 100;
const MAGIC = 'SQLite format 3\0';
const ENCODINGS: Readonly<Record<number, string>> = { 1: 'UTF-8', 2: 'UTF-16le', 3: 'UTF-16be' };
/** File format versions: 1 rollback journal, 2 WAL; 3 is that of SQLite's wal2 branch, which no release reads. */
const JOURNAL_MODES: Readonly<Record<number, JournalMode>> = { 1: 'rollback', 2: 'wal', 3: 'wal2' };

export type JournalMode = 'rollback' | 'wal' | 'wal2' | 'unknown';

export interface DatabaseHeader {
  pageSize: number;
  /** Null when the last writer was too old to keep it. */
  pages: number | null;
  writeVersion: number;
  readVersion: number;
  journalMode: JournalMode;
  encoding: string;
  changeCounter: number;
  schemaCookie: number;
  userVersion: number;
  applicationId: number;
  freelistPages: number;
  /** SQLite's version that wrote last, e.g. `3.54.1`; null when it never said. */
  writtenBy: string | null;
}

export function isDatabase(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, MAGIC.length)).toString('latin1') === MAGIC;
}

/** Of bytes that begin with the magic string and are a whole header. */
export function parseDatabaseHeader(bytes: Uint8Array): DatabaseHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, DATABASE_HEADER_BYTES);
  const word = (at: number) => view.getUint32(at);
  const size = view.getUint16(16);
  const [writeVersion, readVersion] = [view.getUint8(18), view.getUint8(19)];
  const writer = word(96);
  return {
    // 65536 does not fit into the two bytes and is stored as 1.
    pageSize: size === 1 ? 65_536 : size,
    // The size counts only while the counter of its writer is the present one (section 1.3.7).
    pages: word(24) === word(92) && word(28) > 0 ? word(28) : null,
    writeVersion,
    readVersion,
    journalMode: JOURNAL_MODES[Math.max(writeVersion, readVersion)] ?? 'unknown',
    encoding: ENCODINGS[word(56)] ?? (word(56) === 0 ? 'not chosen yet' : `unknown (${word(56)})`),
    changeCounter: word(24),
    schemaCookie: word(40),
    userVersion: view.getInt32(60),
    applicationId: view.getInt32(68),
    freelistPages: word(36),
    writtenBy: writer === 0 ? null : versionText(writer),
  };
}

/** 3054001 is 3.54.1. */
function versionText(number: number): string {
  return `${Math.floor(number / 1_000_000)}.${Math.floor(number / 1_000) % 1_000}.${number % 1_000}`;
}

/** Bits per byte; 8 is what cannot be told from chance, and text or code has 4 to 6. */
export function entropyOf(bytes: Uint8Array): number {
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1;
  let bits = 0;
  for (const count of counts) if (count > 0) bits -= (count / bytes.length) * Math.log2(count / bytes.length);
  return bits;
}
