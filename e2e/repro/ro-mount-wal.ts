import { repro } from '../model/repro.ts';
import { hits, learn } from './harness/oracle.ts';
import { found } from './harness/scene.ts';
import { startFailure } from './harness/start.ts';

/**
 * Claim:  a server that only has to read comes up, whether or not another one writes.
 * Method: a first server learns a document; a second one, on a read-only mount or on a writable one, finds it; both stop
 *         cleanly; the second one starts alone.
 * Red as: database-unreadable. Not claimed: what it cannot do while a writer runs, which is to write.
 */
export default repro({
  name: 'ro-mount-wal',
  title: 'A WAL database on a read-only mount can only be read while a writer has it open',
  operatorSees:
    'SqliteError: unable to open database file (SQLITE_CANTOPEN, 14) at the first statement, not at open, and only while no ' +
    'writer runs',
  refusals: [{ code: 'SQLITE_CANTOPEN', message: 'unable to open database file' }],
  alsoReportedAs: ['unable to open database file', ':ro', 'read-only file system', 'backup container', 'EROFS'],
  elapsed: 'at once',
  sources: [
    'David-Crty/databasement#284',
    'rjwalters/claude-monitor#113',
    'https://sqlite.org/wal.html#read_only_databases',
  ],
  mechanism:
    'Whoever reads a WAL database needs its index in -shm, and makes the file where there is none. The last clean close removes ' +
    'it, and on a read-only mount it cannot be made. While a writer runs it is there, so the same reader works.',
  seedPatch: 'causes',
  seedPatchBecause: 'in DELETE mode a reader needs no file but the database',
  fix: 'mount it writable (what must not write sets PRAGMA query_only = ON); or publish a snapshot (VACUUM INTO) for readers',
  playedBy: 'oracle-v2',
  cast:
    'two servers, the second one on a read-only mount, with variant seed-literal: the patched db module refuses such a ' +
    'mount at start, beside a writer as well (DATABASE_NOT_WRITABLE)',
  truth: 'immutable=1 hides the error and then ignores the -wal, so it reads old data without a word',
  engines: ['docker'],
  without: { mount: 'read-only-folder' } as const,
  with: { mount: 'folder' } as const,
  async scenario(lab, { mount }) {
    const stack = await lab.stack('oracle-v2', { variant: 'seed-literal', placements: { 'oracle-2': { mount } } });
    await stack.start(['oracle-1']);
    await learn(lab, stack, 1);
    await stack.start(['oracle-2']);
    lab.require((await hits(stack, 'oracle-2')) === 1, 'the reader to read beside the writer');
    await stack.stop('oracle-2');
    await stack.stop('oracle-1');
    const gone = (await stack.files()).every(({ path }) => path !== 'oracle.db-shm');
    lab.require(gone, 'the sidecars to be gone after a clean close');
    const failure = await startFailure(stack, 'oracle-2');
    if (failure === null) return [];
    const refusal = lab.refusals.find(({ code }) => code === 'SQLITE_CANTOPEN');
    lab.require(refusal !== undefined, 'the server to be refused the database');
    return found('database-unreadable', 'expected a server to read while nobody writes, but it could not start', {
      refusal,
    });
  },
  expect: 'database-unreadable',
  seconds: 5.9,
});
