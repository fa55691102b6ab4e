import type { Fault } from '../model/scenario.ts';

const BUSY =
  'Linux refuses to remount read-only while a file is open for writing (EBUSY, measured), as the database is all the time; ' +
  'what turns a filesystem read-only under its writers is an error of the disk, which no command undoes';

/** Known by name, so that whoever asks for it is told why it is not done. `fill-disk` refuses writes under open files. */
export const readOnlyRemount: Fault = {
  name: 'read-only-remount',
  title: 'the volume becomes read-only under its writers',
  cannot: { docker: BUSY, process: BUSY },
  targets: () => ['volume'],
  run: async () => ({ tookEffect: false, proof: BUSY }),
};
