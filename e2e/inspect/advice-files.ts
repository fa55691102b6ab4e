/** Advice on the files themselves: what they hold, where they lie, what is left of them. */
import { note, problem, type Rule, warning } from './advice-rule.ts';

const walHeader: Rule = ({ wal, database }) => {
  if (wal === null || database.header === null || wal.bytes === 0) return [];
  if (
    wal.headerProblem === 'page size' ||
    (wal.header !== null && wal.headerProblem === null && wal.header.pageSize !== database.header.pageSize)
  )
    return [
      problem(
        'foreign-wal',
        `the -wal has pages of ${wal.header?.pageSize} bytes and the database of ${database.header.pageSize}`,
        'stop whatever opens it; move the -wal (and -shm) away and keep them; then open the database and run integrity_check',
        'it is the -wal of another database, and a recovery would copy its pages over this one',
      ),
    ];
  if (wal.headerProblem === null || wal.bytes < 32) return [];
  return [
    problem(
      'wal-header-invalid',
      `the header of the -wal does not hold (${wal.headerProblem})`,
      'keep a copy of all three files before anything opens the database; what is in the -wal is then to be compared by hand',
      'SQLite takes such a -wal for empty: every commit in it is gone with the next open, without an error',
    ),
  ];
};

const tail: Rule = ({ wal }) => {
  if (wal === null || wal.headerProblem !== null) return [];
  const { torn, older, other } = wal.leftovers;
  return [
    wal.valid > wal.committed
      ? note(
          'uncommitted-frames',
          `${wal.valid - wal.committed} frames follow the last commit`,
          'nothing',
          'a transaction under way, or one that died: no reader sees them, and the next writer goes over them',
        )
      : null,
    torn + other > 0 || wal.partialBytes > 0
      ? note(
          'torn-tail',
          `behind the last frame that counts: ${torn} torn, ${other} of no generation, ${wal.partialBytes} bytes of half a frame`,
          'nothing, unless rows are missing: then keep this file',
          'a power cut or a full disk in the middle of a write; recovery ends before it',
        )
      : null,
    older > 0
      ? note(
          'older-generation',
          `${older} frames of an older generation lie behind`,
          'nothing',
          'a -wal that begins anew is not shortened; recovery does not read them',
        )
      : null,
  ];
};

const journal: Rule = ({ sidecars, database }) => {
  const { journal: found } = sidecars;
  if (found === null || found.state === 'finished') return [];
  if (found.state === 'in use')
    return [
      note(
        'journal-in-use',
        'a rollback journal is in use',
        'nothing',
        `pid ${found.heldBy} is in a write transaction`,
      ),
    ];
  return [
    warning(
      'hot-journal',
      'a hot rollback journal lies beside the database',
      'open the database once for writing (sqlite3 FILE "select 1") after its writer has ended; never delete the journal',
      `a writer died in a transaction, and half of it may be in the file; a readonly connection is refused (SQLITE_READONLY_ROLLBACK)${database.header?.journalMode === 'wal' ? '; the file is in WAL mode since' : ''}`,
    ),
  ];
};

const file: Rule = ({ database, sidecars, wal }) => {
  const { header } = database;
  return [
    database.empty
      ? note(
          'empty-database',
          'the file is empty, which is a valid database without tables',
          'nothing, unless it should have rows: then look for another path, e.g. a volume that is not mounted',
          'SQLite makes such a file at open and writes its first page with the first table',
        )
      : null,
    header?.journalMode === 'wal2' || sidecars.wal2 !== null
      ? problem(
          'wal2',
          'the database is in the wal2 mode, which is not supported',
          'open it with the SQLite that made it and set PRAGMA journal_mode = DELETE, then WAL',
          "wal2 is of SQLite's begin-concurrent branch; released versions refuse the file, and walproof does not read its two logs",
        )
      : null,
    header?.journalMode === 'unknown'
      ? problem(
          'unknown-version',
          `file format versions ${header.writeVersion} and ${header.readVersion} are not known`,
          'use the SQLite that made it; else restore a backup',
          'releases know 1 (rollback journal) and 2 (WAL)',
        )
      : null,
    database.missingBytes > 0
      ? problem(
          'truncated',
          `the file is ${database.missingBytes} bytes shorter than its header says`,
          'restore it from a backup; what is left can be read with sqlite3 FILE .recover',
          'a copy was cut short or a disk was full: every page behind the end is gone',
        )
      : null,
    header?.journalMode === 'rollback' && wal !== null && wal.bytes > 0
      ? warning(
          'wal-beside-rollback',
          'a -wal lies beside a database that is not in WAL mode',
          'keep it aside until it is known where it came from',
          'SQLite deletes or ignores it: the database was converted or restored while the -wal stayed',
        )
      : null,
    header?.journalMode === 'wal' && wal === null && sidecars.shm !== null
      ? warning(
          'shm-without-wal',
          'there is a -shm and no -wal',
          'look for a backup script or a restore that removed the -wal alone',
          'they are made and removed together; commits that were in it are gone',
        )
      : null,
  ];
};

const place: Rule = ({ filesystem, database }) => [
  filesystem.walSound === false && database.header?.journalMode !== 'rollback'
    ? problem(
        'unsound-filesystem',
        `${filesystem.type} is not sound for WAL`,
        'move the folder to a local disk or a named volume, or PRAGMA journal_mode = DELETE with one writer',
        filesystem.because,
      )
    : null,
  filesystem.walSound === null
    ? note(
        'unknown-filesystem',
        `whether ${filesystem.type} is sound for WAL is not known here`,
        'find out whether all its users share one kernel',
        filesystem.because,
      )
    : null,
  filesystem.readOnly
    ? warning(
        'read-only-filesystem',
        'the filesystem is mounted read-only here',
        'publish a snapshot for readers (VACUUM INTO), or mount it writable with PRAGMA query_only = ON',
        'a WAL database without its -shm cannot even be read there (SQLITE_CANTOPEN)',
      )
    : null,
];

const crashed: Rule = ({ wal, locks, locksUnseen, processes, sidecars }) => {
  const nobody = locks.length === 0 && processes.length === 0 && locksUnseen === null;
  if (!nobody || wal === null || wal.committed === 0 || sidecars.lost.length > 0) return [];
  return [
    note(
      'left-behind',
      `nobody has the database open, and ${wal.committed} frames with ${wal.commits} commits are in the -wal`,
      'nothing: the next opener recovers them. To copy it now, copy all three files together',
      'the last process was killed; without the -wal these commits would be missing',
    ),
  ];
};

export const FILE_RULES: readonly Rule[] = [walHeader, tail, journal, file, place, crashed];
