import { repro } from '../model/repro.ts';
import { learn, listed } from './harness/oracle.ts';
import { found } from './harness/scene.ts';

const DOCUMENTS = 5;

/**
 * Claim:  a server sees what another one committed.
 * Method: two servers share database and -wal; one of them has an -shm of its own, which is what two kernels have, or the
 *         same one. The first learns more documents after the second has listed; the second lists again.
 * Red as: stale-read. Not claimed: the corruption that follows when both write; the model here is of the memory alone.
 */
export default repro({
  name: 'split-kernel-wal',
  title: 'Two kernels do not share the index of a -wal, so one of them reads an old snapshot for ever',
  operatorSees: 'a poller sees nothing new, without an error; later `database disk image is malformed` (11), or SIGBUS',
  refusals: [],
  alsoReportedAs: [
    'virtiofs',
    '9p',
    'NFS',
    'SMB',
    'Docker Desktop',
    'SQLITE_IOERR_SHMMAP',
    'SIGBUS',
    'database disk image is malformed',
  ],
  elapsed: 'nothing is refused',
  sources: [
    'NousResearch/hermes-agent#110847',
    'openclaw/openclaw#120549',
    'nanocoai/nanoclaw#2597',
    'anomalyco/opencode#14194',
    'cachix/devenv#2985',
    'stephengpope/thepopebot#135',
    'docker/for-win#694',
    'https://sqlite.org/wal.html',
  ],
  mechanism:
    '-shm is shared memory, and locks on it are what keeps readers, writers and checkpoints apart. virtiofs, 9p, NFS and SMB ' +
    'share files between kernels, not memory: each side has an index and locks of its own over one -wal.',
  seedPatch: 'causes',
  seedPatchBecause: 'DELETE mode needs no shared memory, and where the filesystem passes locks on it works there',
  fix: 'a named volume on the one kernel where all containers run; where that cannot be, DELETE mode and one writer',
  playedBy: 'oracle-v2',
  cast: 'two servers, one with a private -shm mounted over the shared one: a model, since one machine has one kernel',
  engines: ['docker'],
  without: { mount: 'private-index' } as const,
  with: { mount: 'folder' } as const,
  async scenario(lab, { mount }) {
    const stack = await lab.stack('oracle-v2', { placements: { 'oracle-2': { mount } } });
    await stack.start(['oracle-1']);
    await learn(lab, stack, 1);
    await stack.start(['oracle-2']);
    lab.require((await listed(stack, 'oracle-2')) === 1, 'the second server to read at all');
    await learn(lab, stack, DOCUMENTS - 1);
    const seen = await listed(stack, 'oracle-2');
    if (seen === DOCUMENTS) return [];
    return found(
      'stale-read',
      `expected the other server to list ${DOCUMENTS} committed documents, but it lists ${seen}, without an error`,
      { seen },
    );
  },
  expect: 'stale-read',
  seconds: 4.1,
});
