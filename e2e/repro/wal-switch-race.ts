import { repro } from '../model/repro.ts';
import { holdLock } from './harness/held-lock.ts';
import { found } from './harness/scene.ts';
import { startFailure } from './harness/start.ts';

/**
 * Claim:  a service starts on a database in DELETE mode while another process is in the middle of a write.
 * Method: a legacy database; another process holds BEGIN IMMEDIATE on it; the host of NanoClaw is started. With the fix
 *         the lock is released once the host was refused the switch for the first time, and it must come up.
 * Red as: service-not-started. Not claimed: the crowd that starts at once on a fresh file; nanoclaw-db.test.ts has that.
 */
export default repro({
  name: 'wal-switch-race',
  title: 'The first switch to WAL is refused at once while another process writes, whatever the timeout',
  operatorSees:
    'SqliteError: database is locked (SQLITE_BUSY) from `PRAGMA journal_mode = WAL`; the container exits at boot',
  refusals: [{ code: 'SQLITE_BUSY', message: 'database is locked' }],
  alsoReportedAs: ['journal_mode = WAL', 'journal_mode=WAL', 'switching journal to WAL mode'],
  elapsed: 'at once',
  sources: [
    'DeusData/codebase-memory-mcp#117',
    'standardapplied/sail#180',
    'crawshaw/sqlite#113',
    'Intrect-io/OpenSwarm#327',
    'tobi/qmd#442',
    'podman-container-tools/podman#17859',
    'louislam/uptime-kuma#3786',
    'galarzafrancisco/ai-monorepo#974',
  ],
  mechanism:
    'journal_mode = WAL on a file in another mode reads the header first and then wants to write. It holds a read lock by ' +
    'then, and inside a transaction the busy handler is not asked, so a RESERVED lock elsewhere (somebody in BEGIN ' +
    'IMMEDIATE, a rolling update in which the old container still writes) means SQLITE_BUSY in the first millisecond. A ' +
    'reader or an EXCLUSIVE holder is waited for.',
  seedPatch: 'causes',
  seedPatchBecause: 'it is the seed that switches; setting busy_timeout first, as often advised, does not help here',
  fix: 'try the switch again until a deadline; or convert the file once before anything starts, and skip what is WAL already',
  playedBy: 'nanoclaw',
  cast: 'the host of nanoclaw on its legacy database, variant seed-literal against the patched db module',
  engines: ['process', 'docker'],
  without: { variant: 'seed-literal' },
  with: { variant: 'patched' },
  async scenario(lab, { variant }) {
    const stack = await lab.stack('nanoclaw', { variant, seedDatabase: 'fixtures/databases/nanoclaw-legacy.db' });
    const lock = await holdLock(lab, stack, 'BEGIN IMMEDIATE');
    const starting = startFailure(stack, 'nanoclaw');
    const refused = () => lab.refusals.some(({ sql }) => /journal_mode = WAL/i.test(sql));
    await lab.until(refused, 'the host to be refused the switch to WAL');
    // What does not try again has ended by now, or ends without any help of the lock's.
    if (variant !== 'patched') await starting;
    await lock.release();
    const failure = await starting;
    if (failure === null) return [];
    return found(
      'service-not-started',
      'expected the host to start while another process writes, but it was refused the switch to WAL and exited',
      lab.refusals.find(({ sql }) => /journal_mode = WAL/i.test(sql)),
    );
  },
  expect: 'service-not-started',
  seconds: 1.5,
});
