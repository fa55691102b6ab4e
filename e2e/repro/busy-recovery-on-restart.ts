import { repro, type SourceEdit } from '../model/repro.ts';
import { holdRecovery } from './harness/held-lock.ts';
import { found } from './harness/scene.ts';
import { startFailure } from './harness/start.ts';

const VARIANT = 'fixtures/variants/nanoclaw/seed-literal.ts';
/** As bun:sqlite and node:sqlite open; better-sqlite3 by itself would wait 5 s. */
const OPENS_WITHOUT_TIMEOUT = [
  { file: VARIANT, find: 'new Database(file)', replace: 'new Database(file, { timeout: 0 })' },
];
/** Long enough to tell a wait from a refusal. */
const WAITS_MS = 800;

/**
 * Claim:  a service starts after a crash although another process is recovering the database.
 * Method: the host is killed; another process recovers a -wal of 100 MB and is frozen in the middle of that; the host
 *         starts, and with the fix waits until the other one goes on.
 * Red as: busy-recovery. Not claimed: SQLITE_PROTOCOL, which a crowd of openers can end in after seconds.
 */
export default repro({
  name: 'busy-recovery-on-restart',
  title: 'After a crash, whoever opens the database while the first opener recovers the WAL is refused',
  operatorSees: 'database is locked (SQLITE_BUSY_RECOVERY, 261) at boot, right after a crash',
  refusals: [{ code: 'SQLITE_BUSY_RECOVERY', message: 'database is locked' }],
  alsoReportedAs: ['recovery'],
  elapsed: 'at once',
  sources: ['Kilo-Org/kilocode#13180', 'can1357/oh-my-pi#2421', 'crawshaw/sqlite#113', 'tobi/qmd#442'],
  mechanism:
    'The index of the -wal (-shm) is only as good as the processes that kept it. After a crash the first opener rebuilds it ' +
    'from the whole -wal and locks everybody out meanwhile. Without a busy timeout they are refused.',
  seedPatch: 'helps',
  seedPatchBecause:
    'the busy handler does cover recovery, as long as the timeout is set before the first statement; the seed sets it second',
  fix: 'set the busy timeout when opening, before any statement',
  playedBy: 'nanoclaw',
  cast:
    'the host with variant seed-literal on a driver that opens with timeout 0, against the patched db module; another ' +
    'process recovers beside it',
  truth:
    'it is said that the busy handler is never asked during recovery; it is, so a timeout cures it. A crowd of six openers met ' +
    'it in 20 of 20 cases with a -wal of 200 MB, in 16 of 20 with 80 MB; here the recovery is frozen, so it is always met',
  engines: ['process', 'docker'],
  without: { variant: 'seed-literal', edits: OPENS_WITHOUT_TIMEOUT },
  with: { variant: 'patched', edits: [] as SourceEdit[] },
  async scenario(lab, side) {
    const stack = await lab.stack('nanoclaw', side);
    await stack.start(['nanoclaw']);
    await stack.kill(['nanoclaw']);
    const recovery = await holdRecovery(lab, stack);
    let over = false;
    const starting = startFailure(stack, 'nanoclaw').finally(() => {
      over = true;
    });
    if (side.variant === 'patched') {
      await lab.lasting(WAITS_MS);
      lab.require(!over, 'the host to wait for the recovery');
    } else await starting;
    await recovery.release();
    if ((await starting) === null) return [];
    const refusal = lab.refusals.find(({ code }) => code === 'SQLITE_BUSY_RECOVERY');
    return found('busy-recovery', 'expected the host to start after a crash, but it was refused and exited', refusal);
  },
  expect: 'busy-recovery',
  seconds: 3.4,
});
