/**
 * How many transactions were committed to a database, from the head of its -shm: iChange, the third word, "counter incremented each
 * transaction" (https://sqlite.org/walformat.html#the_wal_index_file_format). Those of every process, whoever they are. Pure.
 */
import { endianness } from 'node:os';

const CHANGE_COUNTER = 8;

/** Null when there is no head to read. */
export function changeCounter(head: Uint8Array | null): number | null {
  if (head === null || head.length < CHANGE_COUNTER + 4) return null;
  return new DataView(head.buffer, head.byteOffset, head.length).getUint32(CHANGE_COUNTER, endianness() === 'LE');
}

/** Null when either look saw none. The counter has 32 bits and begins anew. */
export function commitsBetween(before: number | null, after: number | null): number | null {
  return before === null || after === null ? null : (after - before) >>> 0;
}
