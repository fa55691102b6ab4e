/**
 * The whole head of a -shm file (https://sqlite.org/walformat.html#the_wal_index_file_format): both copies of the header,
 * how far a checkpoint came, and the marks up to which readers read. Pure: bytes in, facts out.
 */
import { endianness } from 'node:os';

const HEADER_BYTES = 48;
export const READ_MARKS = 5;
/** A mark that nobody uses. */
const UNUSED_MARK = 0xffffffff;
const INDEX_VERSION = 3_007_000;

export interface WalIndexFacts {
  /** Whether both copies of the header are equal; they differ while somebody writes one, or after a death in between. */
  copiesEqual: boolean;
  /** False before the first recovery has filled it. */
  isFilled: boolean;
  knownVersion: boolean;
  pageSize: number;
  /** Valid frames by the index. */
  maxFrame: number;
  databasePages: number;
  salts: [string, string];
  /** Frames that a checkpoint has copied into the database. */
  backfilled: number;
  /** Frames that a checkpoint has tried to copy. More than were copied: it is under way, or it died. */
  backfillAttempted: number;
  /** Up to which frame readers with READ0 to READ4 read; null for a mark nobody uses. */
  readMarks: (number | null)[];
}

/** Null when there is no whole head. */
export function readWalIndex(bytes: Uint8Array): WalIndexFacts | null {
  if (bytes.length < 2 * HEADER_BYTES + 40) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const native = endianness() === 'LE';
  const word = (at: number) => view.getUint32(at, native);
  const raw = (at: number) => view.getUint32(at).toString(16).padStart(8, '0');
  const pageSize = view.getUint16(14, native);
  const marks = Array.from({ length: READ_MARKS }, (_, n) => word(2 * HEADER_BYTES + 4 + 4 * n));
  return {
    copiesEqual: isEqual(bytes.subarray(0, HEADER_BYTES), bytes.subarray(HEADER_BYTES, 2 * HEADER_BYTES)),
    isFilled: view.getUint8(12) !== 0,
    knownVersion: word(0) === INDEX_VERSION,
    // 65536 does not fit into 16 bits and is stored as 1.
    pageSize: pageSize === 1 ? 65_536 : pageSize,
    maxFrame: word(16),
    databasePages: word(20),
    // Copied from the -wal as they are, so not in the machine's own order.
    salts: [raw(32), raw(36)],
    backfilled: word(2 * HEADER_BYTES),
    backfillAttempted: word(2 * HEADER_BYTES + 32),
    readMarks: marks.map((mark) => (mark === UNUSED_MARK ? null : mark)),
  };
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, n) => byte === b[n]);
}
