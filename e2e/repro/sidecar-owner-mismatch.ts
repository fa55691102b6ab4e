import { repro } from '../model/repro.ts';
import { found } from './harness/scene.ts';
import { startFailure } from './harness/start.ts';

/**
 * Claim:  the service can write to a database that another container made.
 * Method: an agent, run as root or as the service's own user, makes the database and is killed; then the host starts, which
 *         writes.
 * Red as: read-only. Not claimed: a folder of root, which ends in SQLITE_CANTOPEN or SQLITE_READONLY_DIRECTORY.
 */
export default repro({
  name: 'sidecar-owner-mismatch',
  title: 'Files made by root cannot be written by a service that is not root',
  operatorSees:
    'SqliteError: attempt to write a readonly database (SQLITE_READONLY, 8) after somebody ran a script as root, or an ' +
    'older image did',
  refusals: [{ code: 'SQLITE_READONLY', message: 'attempt to write a readonly database' }],
  alsoReportedAs: ['readonly database', 'permission denied', 'EACCES', 'SQLITE_READONLY_DIRECTORY', 'SQLITE_CANTOPEN'],
  elapsed: 'at once',
  sources: [
    'imtaqin/waxum#59',
    'DangerBlack/n8n-node-sqlite3#23',
    'quay/quay#6790',
    'fr-ser/grafana-sqlite-datasource#167',
    'marcpope/cortendesk#24',
  ],
  mechanism:
    'Files belong to the user that made them, mode 0644. A container of root leaves files that uid 1000 may read and not write.',
  seedPatch: 'no-effect',
  seedPatchBecause: 'WAL adds two files that can have the wrong owner, but SQLite takes care of those (see below)',
  fix: 'one user for everything that touches the volume; an entrypoint that gives the folder with all files in it to that user',
  playedBy: 'nanoclaw',
  cast:
    'an agent as root, then the host as uid 1000, both with variant seed-literal: the patched db module says at start whose ' +
    'files it met (DATABASE_NOT_WRITABLE)',
  truth:
    'root that only opens a database of uid 1000 is harmless as long as it has CAP_CHOWN: SQLite then gives -wal and -shm to ' +
    "the owner of the database. The harm comes with a database, or a folder, that is root's own",
  engines: ['docker'],
  without: { user: 'root' } as const,
  with: { user: 'app' } as const,
  async scenario(lab, { user }) {
    const stack = await lab.stack('nanoclaw', { variant: 'seed-literal', placements: { 'agent-1': { user } } });
    await stack.start(['agent-1']);
    await stack.kill(['agent-1']);
    const failure = await startFailure(stack, 'nanoclaw');
    if (failure === null) return [];
    const refusal = lab.refusals.find(({ code }) => code === 'SQLITE_READONLY');
    lab.require(refusal !== undefined, 'the host to be refused its first write');
    return found('read-only', 'expected the host to write to the database of another container, but it was refused', {
      refusal,
    });
  },
  expect: 'read-only',
  seconds: 4.5,
});
