import { repro } from '../model/repro.ts';
import { found } from './harness/scene.ts';
import { startFailure } from './harness/start.ts';

/** Longer than the 5 s that better-sqlite3 waits by itself, which is what counts before the patch's timeout is set. */
const READS_MS = 6_500;

/**
 * Claim:  a service starts on a database in DELETE mode while another process reads it.
 * Method: a legacy database; another process keeps a read open for 6.5 s; the host is started.
 * Red as: service-not-started. Not claimed: a reader that outlasts 30 s; that one keeps the patched host out as well.
 */
export default repro({
  name: 'wal-switch-open-reader',
  title: 'The first switch to WAL waits for readers, but only as long as the timeout that was set before it',
  operatorSees:
    'SqliteError: database is locked (SQLITE_BUSY) from `PRAGMA journal_mode = WAL` after 5 s, although busy_timeout is 30 s',
  refusals: [{ code: 'SQLITE_BUSY', message: 'database is locked' }],
  alsoReportedAs: ['journal_mode = WAL', 'journal_mode=WAL', 'switching journal to WAL mode'],
  elapsed: 'after the timeout',
  sources: ['podman-container-tools/podman#18356', 'louislam/uptime-kuma#3786', 'tobi/qmd#442'],
  mechanism:
    'To switch, a process needs the file for itself, and a read that is open elsewhere keeps it out. That is waited for, ' +
    'unlike a writer, by the busy timeout of that moment: the one the driver opens with when the switch comes first.',
  seedPatch: 'causes',
  seedPatchBecause: 'it is the seed that switches, and that sets its 30 s one line too late',
  fix: 'set the busy timeout when opening, before the switch; end reads; or convert the file once before anything starts',
  playedBy: 'nanoclaw',
  cast: 'the host on its legacy database, variant seed-literal against the patched db module; a reader beside it',
  engines: ['process', 'docker'],
  without: { variant: 'seed-literal' },
  with: { variant: 'patched' },
  async scenario(lab, { variant }) {
    const stack = await lab.stack('nanoclaw', { variant, seedDatabase: 'fixtures/databases/nanoclaw-legacy.db' });
    const reader = await lab.beside(stack).actor('reader');
    await reader.open();
    await reader.exec('BEGIN');
    await reader.value('SELECT count(*) FROM messages');
    const starting = startFailure(stack, 'nanoclaw');
    await lab.lasting(READS_MS);
    // The host needs time to begin: what gives up does so by itself, and the read lasts as long.
    if (variant !== 'patched') await starting;
    await reader.exec('COMMIT');
    if ((await starting) === null) return [];
    return found(
      'service-not-started',
      'expected the host to start while another process reads, but it was refused the switch to WAL and exited',
      lab.refusals.find(({ sql }) => /journal_mode = WAL/i.test(sql)),
    );
  },
  expect: 'service-not-started',
  seconds: 13.3,
});
