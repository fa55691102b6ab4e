import type { Fault } from '../model/scenario.ts';
import { askBeside, databaseArgument } from './beside.ts';

const PROGRAM = new URL('./programs/fill-disk.ts', import.meta.url);
const FULL_MS = 1_500;
const TIMEOUT_MS = 45_000;
/** Quick to fill. An open snapshot alone has let the log grow to 85 MB in 2 s. */
const VOLUME_BYTES = 256 * 2 ** 20;

interface Filled {
  fullMs: number;
  ballastBytes: number;
  /** How the last write of the ballast was refused. */
  ballast: string;
  /** How a transaction that needs room was refused by SQLite. */
  sqlite: string;
}

/** A log that cannot grow is SQLITE_FULL; its index, which grows by a page of 32 KiB, has a code of its own. */
const REFUSALS = ['SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE'];

/** The volume is full for a while, then there is room again. */
export const fillDisk: Fault = {
  name: 'fill-disk',
  title: `the volume is full for ${FULL_MS} ms`,
  targets: () => ['volume'],
  dataLimitBytes: VOLUME_BYTES,
  provokes: REFUSALS,
  async run({ stack }) {
    try {
      await free();
      const args = ['fill', '{data}', databaseArgument(stack), String(FULL_MS)];
      const { fullMs, ballastBytes, ballast, sqlite } = await askBeside<Filled>(stack, PROGRAM, args, TIMEOUT_MS);
      return {
        tookEffect: ballast === 'ENOSPC' && REFUSALS.includes(sqlite) && fullMs >= FULL_MS,
        proof: `${ballastBytes} bytes of ballast until ${ballast}, for ${Math.round(fullMs)} ms; SQLite: ${sqlite}`,
      };
    } finally {
      await free();
    }

    async function free(): Promise<void> {
      await askBeside(stack, PROGRAM, ['free', '{data}'], TIMEOUT_MS);
    }
  },
};
