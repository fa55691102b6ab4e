/** Advice on who uses the database: locks, readers, lost files, versions of SQLite. */
import { hasWalResetBug } from '../check/engine-gate.ts';
import { type Facts, note, problem, type Rule, warning, who } from './advice-rule.ts';
import type { LockFact } from './facts.ts';

/** SQLite begins a checkpoint at 1000 frames; ten times that is a -wal that somebody keeps from being copied. */
const MANY_FRAMES = 10_000;

const lost: Rule = ({ sidecars }) =>
  sidecars.lost.map(({ file, pid, process, container, how }) =>
    problem(
      'lost-file',
      `${who(pid, process, container)} writes to a ${file === 'db' ? 'database' : file} that is ${how === 'deleted' ? 'deleted' : 'not the one of this name any more'}`,
      `do not stop it yet: copy /proc/${pid}/fd/* of the three files first, then stop everything that uses the database, and compare rows`,
      'what it commits goes into a file without a name and is gone with the process; nobody else sees it',
    ),
  );

const index: Rule = ({ wal, sidecars, locks, processes }) => {
  const { shm } = sidecars;
  if (shm === null || !('maxFrame' in shm) || !shm.isFilled) return [];
  const isUsed = processes.length > 0 || locks.length > 0;
  // With all copied, the next transaction begins the -wal anew, and the index follows with its commit.
  const speaks = shm.maxFrame > shm.backfilled;
  const differs = wal?.header != null && speaks && shm.salts.join() !== wal.header.salts.join();
  return [
    isUsed && differs && wal?.movedWhileRead === false
      ? problem(
          'index-of-another-wal',
          'the -shm speaks of another generation than the -wal beside it has',
          'stop all processes, copy all three files, then open the database once and compare rows',
          'a -wal was removed, restored or replaced under processes that use it: they read and write by the old index',
        )
      : null,
    shm.copiesEqual
      ? null
      : note(
          'index-half-written',
          'the two copies of the index differ',
          isUsed
            ? 'look again: a writer was between the two just now'
            : 'nothing: the next opener makes the index anew',
          'a commit writes one after the other; a death in between leaves them so, and recovery mends it',
        ),
    shm.backfillAttempted > shm.backfilled
      ? note(
          'checkpoint-under-way',
          `a checkpoint has tried frames up to ${shm.backfillAttempted} and completed ${shm.backfilled}`,
          'nothing while CKPT is held; without a holder the next checkpoint goes over it again',
          'frames are synced before they are copied, so one that died halfway has damaged nothing',
        )
      : null,
  ];
};

const pinned: Rule = ({ oldestReader, wal, processes }) => {
  if (wal === null || wal.notCheckpointed === null) return [];
  if (oldestReader !== null) {
    const names = oldestReader.pids.map((pid) => nameOf(pid, processes)).join(' and ');
    const tell = wal.notCheckpointed > MANY_FRAMES ? warning : note;
    return [
      tell(
        'pinned-wal',
        `${names} reads a snapshot of frame ${oldestReader.frame} (${oldestReader.lock}); ${wal.notCheckpointed} frames cannot all be checkpointed while it does`,
        'look again in a minute: if it is still the same frame, end that read (an open iterator or transaction), or the process',
        'a checkpoint copies only up to the oldest snapshot that is read, and the -wal grows until it ends',
      ),
    ];
  }
  if (wal.notCheckpointed <= MANY_FRAMES) return [];
  return [
    warning(
      'large-wal',
      `${wal.notCheckpointed} frames are not checkpointed, and no reader holds them now`,
      'run PRAGMA wal_checkpoint(PASSIVE) from a process of the service; if that changes nothing, see who reads',
      'commits begin a checkpoint at 1000 frames, so somebody kept them from it, or wal_autocheckpoint is off',
    ),
  ];
};

const MEANING: Partial<Record<LockFact['lock'], string>> = {
  WRITE: 'it is in a write transaction: every other writer waits, readers do not',
  CKPT: 'it checkpoints: no other checkpoint runs, and writers go on',
  RECOVER: 'it recovers the -wal after a crash: everybody waits',
  RESERVED: 'it is about to write: no other writer begins',
  PENDING: 'it waits for readers to end: no new reader begins',
  EXCLUSIVE: 'it writes into the database file: nobody reads or writes meanwhile',
};

const blocked: Rule = ({ locks, processes }) => {
  const told = locks
    .filter(({ lock, mode, waits }) => !waits && mode === 'exclusive' && lock !== 'DMS')
    .map((held) => ({ held, stopped: processes.find(({ pid }) => pid === held.pid)?.stopped === true }));
  return told.map(({ held, stopped }) => {
    const by = who(held.pid, held.process, held.container);
    if (stopped)
      return problem(
        'stopped-holder',
        `${by} is stopped and holds ${held.lock}`,
        `let it go on (kill -CONT ${held.pid}, docker unpause) or end it: the kernel frees the lock of a process that ends`,
        'nobody else gets the lock while it stands still, whatever their timeout is',
      );
    return note(
      'held-lock',
      `${by} holds ${held.lock}`,
      `look again: held twice in a row by the same pid, it is a long transaction; walproof inspect again, or read its log`,
      MEANING[held.lock] ?? 'a lock that excludes others',
    );
  });
};

const engines: Rule = ({ processes }) => {
  const known = processes.filter(({ sqliteVersion }) => sqliteVersion !== null);
  const bad = known.filter(({ sqliteVersion }) => hasWalResetBug(sqliteVersion ?? '') === true);
  const versions = [...new Set(known.map(({ sqliteVersion }) => sqliteVersion))];
  return [
    bad.length > 0
      ? problem(
          'sqlite-wal-reset-bug',
          `SQLite ${[...new Set(bad.map(({ sqliteVersion }) => sqliteVersion))].join(', ')} in ${bad.map(({ pid }) => `pid ${pid}`).join(', ')} can lose commits`,
          'upgrade the driver to one with SQLite 3.51.3 or newer (3.50.7 and 3.44.6 are mended as well)',
          'a checkpoint that meets the moment the -wal begins anew can skip frames (https://sqlite.org/wal.html#walresetbug)',
        )
      : null,
    versions.length > 1
      ? warning(
          'mixed-sqlite-versions',
          `${versions.length} versions of SQLite use the file: ${versions.join(', ')}`,
          'give all processes the same driver',
          'a bug or a default of one of them is enough for all',
        )
      : null,
  ];
};

const unseen: Rule = ({ locksUnseen }) =>
  locksUnseen === null || locksUnseen.startsWith('a copy')
    ? []
    : [
        note(
          'holders-unseen',
          'who holds which lock is not all to be seen from here',
          'run it as root, on the machine (not in a container) whose kernel runs the service',
          locksUnseen,
        ),
      ];

function nameOf(pid: number, processes: Facts['processes']): string {
  const found = processes.find((each) => each.pid === pid);
  return found === undefined ? `pid ${pid}` : who(pid, found.process, found.container);
}

export const USER_RULES: readonly Rule[] = [lost, index, pinned, blocked, engines, unseen];
