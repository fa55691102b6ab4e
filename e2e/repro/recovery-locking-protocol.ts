import { repro } from '../model/repro.ts';
import { storeMessages } from './harness/nanoclaw.ts';
import { found } from './harness/scene.ts';
import { startFailure } from './harness/start.ts';

/** One block of the index. */
const INDEX_BYTES = 32_768;

/**
 * Claim:  a service starts although the index of the -wal has to be recovered while another process holds the write lock.
 * Method: the host is killed; another process begins to write; a third one spoils the -shm; the host starts. With the fix the
 *         lock is given back once the host was refused for the first time, and it must come up.
 * Red as: service-not-started. Not claimed: the crowd at recovery or at the last close that ends in the same code.
 */
export default repro({
  name: 'recovery-locking-protocol',
  title: 'Who cannot recover the -wal because of a writer gives up after 10 s with an error that no timeout covers',
  operatorSees: 'SqliteError: locking protocol (SQLITE_PROTOCOL, 15) at boot, after 10 s whatever the busy timeout',
  refusals: [{ code: 'SQLITE_PROTOCOL', message: 'locking protocol' }],
  alsoReportedAs: ['SQLITE_PROTOCOL', 'locking protocol'],
  elapsed: 'after the timeout',
  sources: ['https://sqlite.org/rescode.html#protocol', 'tobi/qmd#442', 'crawshaw/sqlite#113'],
  mechanism:
    'An index that is no good is rebuilt under the write lock. Who finds it taken, and nobody recovering, takes it for a ' +
    'race that is over in a moment: it looks again 100 times, with pauses that add up to 10 s, and the busy handler is ' +
    'never asked. Then it gives up with SQLITE_PROTOCOL.',
  seedPatch: 'no-effect',
  seedPatchBecause: 'the 10 s are built in; busy_timeout makes them neither longer nor shorter',
  fix: 'try opening again on SQLITE_PROTOCOL as on SQLITE_BUSY, until a deadline (as both db modules do)',
  playedBy: 'nanoclaw',
  cast:
    'the host, variant seed-literal against the patched db module; beside it a writer, and a process that overwrites the ' +
    '-shm',
  truth:
    'in production it is a crowd that meets at recovery or at the last close; a spoiled index makes the same state last',
  engines: ['process', 'docker'],
  without: { variant: 'seed-literal' },
  with: { variant: 'patched' },
  async scenario(lab, { variant }) {
    const stack = await lab.stack('nanoclaw', { variant });
    await stack.start(['nanoclaw']);
    await storeMessages(lab, stack, ['m1']);
    await stack.kill(['nanoclaw']);
    const site = lab.beside(stack);
    const [writer, spoiler] = await Promise.all([site.actor('writer'), site.actor('spoiler')]);
    await writer.open();
    await writer.exec('BEGIN IMMEDIATE');
    await spoiler.ask({ do: 'fill-file', path: `${stack.service.database}-shm`, bytes: INDEX_BYTES });
    const starting = startFailure(stack, 'nanoclaw');
    const refused = () => lab.refusals.some(({ code }) => code === 'SQLITE_PROTOCOL');
    await lab.until(refused, 'the host to be refused');
    if (variant !== 'patched') await starting;
    await writer.exec('ROLLBACK');
    if ((await starting) === null) return [];
    return found(
      'service-not-started',
      'expected the host to start although another process holds the write lock, but it gave up and exited',
      lab.refusals.find(({ code }) => code === 'SQLITE_PROTOCOL'),
    );
  },
  expect: 'service-not-started',
  seconds: 24.1,
});
