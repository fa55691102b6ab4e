import type { Fault } from '../../model/scenario.ts';
import type { ProbeName } from '../rule.ts';
import { contend } from './contend.ts';
import { editFiles } from './edit-files.ts';
import { holdLockProbe } from './hold-lock.ts';
import { holdLockLong } from './hold-lock-long.ts';
import { killBehindLock } from './kill-behind-lock.ts';
import { lateMessages } from './late-messages.ts';
import { stopOne } from './stop-one.ts';

const PROBES: Readonly<Record<ProbeName, Fault>> = {
  'hold-lock': holdLockProbe,
  'hold-lock-long': holdLockLong,
  contend,
  'kill-behind-lock': killBehindLock,
  'stop-one': stopOne,
  'late-messages': lateMessages,
  'edit-files': editFiles,
};

/** The probes as a campaign takes them; each has one target, so it runs once. */
export function probesNamed(names: readonly ProbeName[]): Fault[] {
  return names.map((name) => PROBES[name]);
}
