import type { Repro } from '../model/repro.ts';
import backupCopyLosesWal from './backup-copy-loses-wal.ts';
import busyRecoveryOnRestart from './busy-recovery-on-restart.ts';
import checkpointStall from './checkpoint-stall.ts';
import checkpointStarvation from './checkpoint-starvation.ts';
import diskFullVolume from './disk-full-volume.ts';
import duplicateHostDelivery from './duplicate-host-delivery.ts';
import eventLoopFreeze from './event-loop-freeze.ts';
import fkEnabledOnLegacy from './fk-enabled-on-legacy.ts';
import fkRebuildDropsChildren from './fk-rebuild-drops-children.ts';
import frozenLockHolder from './frozen-lock-holder.ts';
import ftsReplaceDuplicates from './fts-replace-duplicates.ts';
import hotJournalReadonlyReader from './hot-journal-readonly-reader.ts';
import inProcessCopyDropsLocks from './in-process-copy-drops-locks.ts';
import killMidReindexEmpty from './kill-mid-reindex-empty.ts';
import lockErrorMasked from './lock-error-masked.ts';
import pollCursorSkips from './poll-cursor-skips.ts';
import powerLossNormal from './power-loss-normal.ts';
import recoveryLockingProtocol from './recovery-locking-protocol.ts';
import roMountWal from './ro-mount-wal.ts';
import seqAllocRace from './seq-alloc-race.ts';
import sidecarOwnerMismatch from './sidecar-owner-mismatch.ts';
import sidecarsDeletedLive from './sidecars-deleted-live.ts';
import singleFileMount from './single-file-mount.ts';
import singleFileTwoContainers from './single-file-two-containers.ts';
import splitKernelWal from './split-kernel-wal.ts';
import staleWalAfterRestore from './stale-wal-after-restore.ts';
import upgradeBusyOpenWriter from './upgrade-busy-open-writer.ts';
import upgradeBusySnapshot from './upgrade-busy-snapshot.ts';
import walResetCorruption from './wal-reset-corruption.ts';
import walSwitchOpenReader from './wal-switch-open-reader.ts';
import walSwitchRace from './wal-switch-race.ts';
import writerHog from './writer-hog.ts';
import zeroTimeoutClient from './zero-timeout-client.ts';

/** Every bug that can be reproduced, the most often reported first. A new one is a file and two lines here. */
export const REPROS: readonly Repro[] = [
  upgradeBusySnapshot,
  zeroTimeoutClient,
  walSwitchRace,
  eventLoopFreeze,
  singleFileMount,
  sidecarOwnerMismatch,
  roMountWal,
  backupCopyLosesWal,
  splitKernelWal,
  writerHog,
  checkpointStarvation,
  hotJournalReadonlyReader,
  busyRecoveryOnRestart,
  staleWalAfterRestore,
  inProcessCopyDropsLocks,
  duplicateHostDelivery,
  seqAllocRace,
  pollCursorSkips,
  ftsReplaceDuplicates,
  fkEnabledOnLegacy,
  fkRebuildDropsChildren,
  diskFullVolume,
  frozenLockHolder,
  checkpointStall,
  lockErrorMasked,
  killMidReindexEmpty,
  walResetCorruption,
  powerLossNormal,
  // Second scenes of bugs above: another code, another time, or one more container.
  upgradeBusyOpenWriter,
  walSwitchOpenReader,
  recoveryLockingProtocol,
  singleFileTwoContainers,
  sidecarsDeletedLive,
];
