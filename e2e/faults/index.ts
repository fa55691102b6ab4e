import type { Fault } from '../model/scenario.ts';
import { fillDisk } from './fill-disk.ts';
import { holdReader } from './hold-reader.ts';
import { holdWriteLock } from './hold-write-lock.ts';
import { kill } from './kill.ts';
import { killAll } from './kill-all.ts';
import { killMidCheckpoint } from './kill-mid-checkpoint.ts';
import { killMidMigration } from './kill-mid-migration.ts';
import { networkDisconnect } from './network-disconnect.ts';
import { oom } from './oom.ts';
import { pause } from './pause.ts';
import { readOnlyRemount } from './read-only-remount.ts';
import { recreate } from './recreate.ts';
import { restart } from './restart.ts';
import { rollingRestart } from './rolling-restart.ts';
import { stopStart } from './stop-start.ts';

/** Every fault by name. A new one is a file and a line here. */
export const FAULTS: readonly Fault[] = [
  restart,
  kill,
  stopStart,
  killAll,
  pause,
  recreate,
  rollingRestart,
  oom,
  holdWriteLock,
  holdReader,
  fillDisk,
  readOnlyRemount,
  networkDisconnect,
  killMidCheckpoint,
  killMidMigration,
];
