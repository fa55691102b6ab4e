import { repro } from '../model/repro.ts';
import { hits, learn } from './harness/oracle.ts';
import { found } from './harness/scene.ts';

const DOCUMENTS = 3;

/**
 * Claim:  a container sees what another one on the same mount committed.
 * Method: a server learns three documents; a second one, in a container with the same mount, searches for them.
 * Red as: stale-read. Not claimed: the lost rows and the malformed file that follow once both have checkpointed.
 */
export default repro({
  name: 'single-file-two-containers',
  title: 'Two containers that mount the database file alone have a -wal and locks each, and never meet',
  operatorSees: 'each container works and sees its own rows only; later rows are lost, or the image is malformed',
  refusals: [],
  alsoReportedAs: ['docker run -v', 'bind mount', 'database disk image is malformed', 'each replica has its own data'],
  elapsed: 'nothing is refused',
  sources: [
    'GoblinHonest/mimo2api_mimoapi#5',
    'https://github.com/qwibitai/nanoclaw (commit 378f995f1: a database mounted without its sidecars)',
  ],
  mechanism:
    'Commits are in -wal and locks are on -shm, which lie beside oracle.db: in the layer of each container. Each is the only ' +
    'one that works on its own -wal, over one file, and both copy their pages into it at their checkpoints.',
  seedPatch: 'causes',
  seedPatchBecause: 'in DELETE mode all locks and all commits are on the one file that both have',
  fix: 'mount the folder',
  playedBy: 'oracle-v2',
  cast: 'two servers whose containers mount oracle.db alone, or the folder',
  engines: ['docker'],
  without: { mount: 'database-file-only' } as const,
  with: { mount: 'folder' } as const,
  async scenario(lab, { mount }) {
    const stack = await lab.stack('oracle-v2', { placements: { 'oracle-1': { mount }, 'oracle-2': { mount } } });
    await stack.start(['oracle-1']);
    await learn(lab, stack, DOCUMENTS);
    await stack.start(['oracle-2']);
    const seen = await hits(stack, 'oracle-2');
    if (seen === DOCUMENTS) return [];
    const text = `expected the other container to find ${DOCUMENTS} committed documents, but it finds ${seen}, without an error`;
    return found('stale-read', text, { seen });
  },
  expect: 'stale-read',
  seconds: 3.6,
});
