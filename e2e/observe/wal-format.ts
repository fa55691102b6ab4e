/**
 * Reads the -wal header (https://sqlite.org/fileformat2.html#wal_header_format) and the head of the -shm file
 * (https://sqlite.org/walformat.html#the_wal_index_file_format). Pure: bytes in, facts out.
 */
import { endianness } from 'node:os';
import type { WalHeader, WalIndex } from '../model/observation.ts';

export const WAL_HEADER_BYTES = 32;
/** Bit 0 of the magic number says that checksums take words in big-endian order. */
const MAGIC_LITTLE_ENDIAN = 0x377f0682;

/** The index begins with two copies of its header, so that a reader can tell when it was caught half-written. */
const INDEX_HEADER_BYTES = 48;
const CHECKPOINTED_OFFSET = 2 * INDEX_HEADER_BYTES;
/** Both copies and the checkpoint information. */
export const WAL_INDEX_HEAD_BYTES = 136;

/** Null when the file is shorter than a header: no frame was ever written. */
export function parseWalHeader(bytes: Uint8Array): WalHeader | null {
  if (bytes.length < WAL_HEADER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, WAL_HEADER_BYTES);
  const word = (n: number) => view.getUint32(4 * n);
  const magic = word(0);
  const [sum1, sum2] = checksum(view, magic === MAGIC_LITTLE_ENDIAN);
  return {
    magic,
    formatVersion: word(1),
    pageSize: word(2),
    checkpointSequence: word(3),
    salts: [hex(word(4)), hex(word(5))],
    checksumHolds: word(6) === sum1 && word(7) === sum2,
  };
}

/** Of the first 24 bytes (https://sqlite.org/fileformat2.html#checksum_algorithm). */
function checksum(view: DataView, littleEndian: boolean): [number, number] {
  let sum1 = 0;
  let sum2 = 0;
  for (let at = 0; at < 24; at += 8) {
    sum1 = (sum1 + view.getUint32(at, littleEndian) + sum2) >>> 0;
    sum2 = (sum2 + view.getUint32(at + 4, littleEndian) + sum1) >>> 0;
  }
  return [sum1, sum2];
}

/** Null when there is no whole head, when it was never filled, or when its two copies differ just now. */
export function parseWalIndex(bytes: Uint8Array): WalIndex | null {
  if (bytes.length < CHECKPOINTED_OFFSET + 4) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < INDEX_HEADER_BYTES; at++)
    if (view.getUint8(at) !== view.getUint8(at + INDEX_HEADER_BYTES)) return null;
  const isFilled = view.getUint8(12) !== 0;
  if (!isFilled) return null;
  // In the machine's own order, except the salts, which are copied from the -wal as they are.
  const native = endianness() === 'LE';
  const pageSize = view.getUint16(14, native);
  return {
    // 65536 does not fit into 16 bits and is stored as 1.
    pageSize: pageSize === 1 ? 65_536 : pageSize,
    frames: view.getUint32(16, native),
    checkpointed: view.getUint32(CHECKPOINTED_OFFSET, native),
    salts: [hex(view.getUint32(32)), hex(view.getUint32(36))],
  };
}

function hex(word: number): string {
  return word.toString(16).padStart(8, '0');
}
