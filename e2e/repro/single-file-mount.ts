import { repro } from '../model/repro.ts';
import { hits, learn } from './harness/oracle.ts';
import { found } from './harness/scene.ts';

const DOCUMENTS = 3;

/**
 * Claim:  what a container committed is there for the one that replaces it.
 * Method: a server learns three documents; its container is removed, and another one with the same mount searches for them.
 * Red as: lost-write. Not claimed: two containers at once; single-file-two-containers has those.
 */
export default repro({
  name: 'single-file-mount',
  title: 'Mounting the database file alone leaves its -wal in the container, to be thrown away with it',
  operatorSees:
    'after docker rm, or a new deployment, the newest rows are gone, or the whole schema (`no such table`); no error before',
  refusals: [],
  alsoReportedAs: ['no such table', 'docker run -v', 'bind mount', 'rows vanish after a deployment', 'SQLITE_CANTOPEN'],
  elapsed: 'nothing is refused',
  sources: ['GoblinHonest/mimo2api_mimoapi#5', 'nofxai/nofx#67', 'evcc-io/evcc#30903'],
  mechanism:
    'A mount of app.db makes a file, not its folder, persistent. -wal and -shm lie beside it, which inside the container is ' +
    'its own layer. So commits that no checkpoint has copied yet go with the container, and two containers have a -wal each.',
  seedPatch: 'causes',
  seedPatchBecause:
    'in DELETE mode every commit is in app.db itself, and the journal is only needed while one is under way',
  fix: 'mount the folder',
  playedBy: 'oracle-v2',
  cast: 'a server whose container mounts oracle.db alone, or the folder',
  engines: ['docker'],
  without: { mount: 'database-file-only' } as const,
  with: { mount: 'folder' } as const,
  async scenario(lab, { mount }) {
    const stack = await lab.stack('oracle-v2', { placements: { 'oracle-1': { mount } } });
    await stack.start(['oracle-1']);
    await learn(lab, stack, DOCUMENTS);
    lab.require((await hits(stack)) === DOCUMENTS, 'all documents to be found before');
    await stack.recreate();
    await stack.start(['oracle-1']);
    const kept = await hits(stack);
    if (kept === DOCUMENTS) return [];
    const seen = `expected ${DOCUMENTS} documents in the container's successor, but it finds ${kept}`;
    return found('lost-write', seen, { kept });
  },
  expect: 'lost-write',
  seconds: 3.7,
});
