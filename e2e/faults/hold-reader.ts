import type { Fault } from '../model/scenario.ts';
import { askBeside, databaseArgument } from './beside.ts';

const PROGRAM = new URL('./programs/hold-reader.ts', import.meta.url);
const HELD_MS = 2_000;
const TIMEOUT_MS = 45_000;

interface Pinned {
  heldMs: number;
  /** Rows of all tables in the snapshot when it was taken and when it was let go. */
  firstRows: number;
  lastRows: number;
  /** Rows that a fresh look saw at the end. */
  liveRows: number;
}

/** A read transaction stays open: the log cannot be reset, and grows (https://sqlite.org/wal.html#avoiding_excessively_large_wal_files). */
export const holdReader: Fault = {
  name: 'hold-reader',
  title: `another connection keeps a snapshot open for ${HELD_MS} ms`,
  targets: () => ['database'],
  async run({ stack }) {
    const args = [databaseArgument(stack), String(HELD_MS)];
    const { heldMs, firstRows, lastRows, liveRows } = await askBeside<Pinned>(stack, PROGRAM, args, TIMEOUT_MS);
    return {
      tookEffect: heldMs >= HELD_MS && firstRows === lastRows && liveRows !== lastRows,
      proof: `held for ${Math.round(heldMs)} ms: the snapshot had ${firstRows} rows and at its end ${lastRows}, the database ${liveRows}`,
    };
  },
};
