import { hasWalResetBug } from '../check/engine-gate.ts';
import { repro } from '../model/repro.ts';
import { found } from './harness/scene.ts';

/** Each side is hammered so long; the bug is rare, and not seeing it proves nothing. */
const HAMMER_MS = 4_000;

/**
 * Claim:  the SQLite that works on the file is not one that can lose commits when the -wal is begun anew.
 * Method: the version that each process reports; and, for 4 s, one process that commits as fast as it can while two others
 *         checkpoint with RESTART, after which every acknowledged row is counted and the file checked.
 * Red as: sqlite-wal-reset-bug, by version. Not claimed: that the hammer shows it; the counts are in the evidence.
 */
export default repro({
  name: 'wal-reset-corruption',
  title: 'SQLite 3.7.0 to 3.51.2 can lose commits when a checkpoint meets the moment the -wal is begun anew',
  operatorSees: 'acknowledged rows vanish, or integrity_check says `wrong # of entries in index`; no error at the time',
  refusals: [],
  alsoReportedAs: [
    'wrong # of entries in index',
    'integrity_check',
    'SQLITE_CORRUPT',
    'sqlite_version',
    '3.49.2',
    '3.45.1',
  ],
  elapsed: 'nothing is refused',
  sources: [
    'https://sqlite.org/wal.html#walresetbug',
    'ruvnet/ruflo#2736',
    'benbjohnson/litestream#1432',
    'openclaw/openclaw#106065',
    'tursodatabase/libsql#2271',
  ],
  mechanism:
    'A writer that finds the whole -wal copied begins it anew at its start. A checkpoint that reads its state at that very ' +
    'moment can take frames of the old generation for copied ones of the new, and a commit is skipped for ever. Mended in ' +
    '3.51.3, and in the older lines in 3.50.7 and 3.44.6.',
  seedPatch: 'causes',
  seedPatchBecause:
    'only WAL mode has it, and better-sqlite3 11.10.0, which NanoClaw pins, carries 3.49.2; 13.x carries a mended one',
  fix: 'a driver with SQLite 3.51.3 or newer, and a gate that reads sqlite_version() from every process that opens the file',
  playedBy: 'processes',
  cast: "three processes with npm's libsql (SQLite 3.45.1) against the services' own driver",
  whyProcesses: 'both services run on a driver whose SQLite is mended, and their images hold no other',
  truth:
    'the hammer did not show it: in five runs none of 173 805 commits was lost to 1 107 684 checkpoints. What is asserted is ' +
    'the version',
  engines: ['process'],
  without: { driver: 'libsql' } as const,
  with: { driver: 'better-sqlite3' } as const,
  async scenario(lab, { driver }) {
    const site = await lab.site();
    const [writer, ...checkpointers] = await Promise.all(
      ['writer', 'checkpointer-1', 'checkpointer-2'].map((name) => site.actor(name)),
    );
    if (writer === undefined) throw new RangeError('no writer');
    await writer.open({
      driver,
      timeoutMs: 10_000,
      pragmas: ['journal_mode = WAL', 'synchronous = OFF', 'wal_autocheckpoint = 0'],
    });
    await writer.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, body); CREATE INDEX t_body ON t (body)');
    for (const each of checkpointers) await each.open({ driver, timeoutMs: 10_000 });
    const version = await writer.value<string>('SELECT sqlite_version()');
    const hammers = [
      writer.ask({ do: 'hammer', sql: 'INSERT INTO t (body) VALUES (hex(randomblob(200)))', forMs: HAMMER_MS }),
      ...checkpointers.map((each) =>
        each.ask({ do: 'hammer', sql: 'PRAGMA wal_checkpoint(RESTART)', forMs: HAMMER_MS }),
      ),
    ];
    const [committed = 0, ...checkpoints] = (await Promise.all(hammers)).map((reply) =>
      reply.ok ? Number(reply.value) : 0,
    );
    lab.require(committed > 100, 'more than 100 commits under the hammer');
    const kept = await writer.value<number>('SELECT count(*) FROM t');
    const integrity = await writer.value<string>('PRAGMA integrity_check');
    const counts = { version, committed, checkpoints, kept, integrity };
    const damaged = kept !== committed || integrity !== 'ok';
    if (hasWalResetBug(version) === false && !damaged) return [];
    const harm = damaged
      ? `and ${committed - kept} of ${committed} commits were lost here (integrity_check: ${integrity})`
      : `though none of ${committed} commits was lost to ${checkpoints.join(' + ')} checkpoints here`;
    return found(
      'sqlite-wal-reset-bug',
      `expected SQLite 3.51.3 or newer, but a process works with ${version}, ${harm}`,
      counts,
    );
  },
  expect: 'sqlite-wal-reset-bug',
  seconds: 9.8,
});
