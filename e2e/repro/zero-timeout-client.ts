import { repro } from '../model/repro.ts';
import { holdLock } from './harness/held-lock.ts';
import { postMessage } from './harness/nanoclaw.ts';
import { found } from './harness/scene.ts';

/** How long the other process keeps its lock. */
const LOCKED_MS = 800;

/**
 * Claim:  a write that meets another process's lock waits for it and succeeds.
 * Method: another process holds the write lock on NanoClaw's database while a message is posted; with the fix it is
 *         released once the host waits for it.
 * Red as: busy. Not claimed: waits longer than the timeout; writer-hog shows those.
 */
export default repro({
  name: 'zero-timeout-client',
  title: 'A client that never set a busy timeout is refused the moment it meets a lock',
  operatorSees: 'SqliteError: database is locked (SQLITE_BUSY, 5) within milliseconds',
  refusals: [{ code: 'SQLITE_BUSY', message: 'database is locked' }],
  alsoReportedAs: [
    'Knex: Timeout acquiring a connection',
    'P1008',
    'Timed out during query execution',
    'ERR_SQLITE_ERROR',
  ],
  elapsed: 'at once',
  sources: [
    'louislam/uptime-kuma#1957',
    'louislam/uptime-kuma#7289',
    'louislam/uptime-kuma#7307',
    'oven-sh/bun#5621',
    'nodejs/node#57597',
    'podman-container-tools/podman#20809',
    'prisma/orm#17029',
  ],
  mechanism:
    'The busy timeout belongs to the connection and is not stored in the file. bun:sqlite, node:sqlite and the sqlite3 ' +
    'command open with 0, so whoever opens the file by himself (a script, a cron job, a second tool) is refused at once, ' +
    'while the service beside him waits.',
  seedPatch: 'helps',
  seedPatchBecause: 'it sets 30 s on the connections of the patched modules, and on no other tool that opens the file',
  fix: 'one function that opens the database for every client, and sets the timeout before anything else',
  playedBy: 'nanoclaw',
  cast: 'the host of nanoclaw, variant unpatched against the patched db module',
  truth:
    'better-sqlite3 itself opens with 5000 ms, not with 0 as some reports say; the variant sets 0 to model bun and Node',
  engines: ['process', 'docker'],
  without: { variant: 'unpatched' },
  with: { variant: 'patched' },
  async scenario(lab, { variant }) {
    const stack = await lab.stack('nanoclaw', { variant });
    await stack.start(['nanoclaw']);
    const lock = await holdLock(lab, stack, 'BEGIN IMMEDIATE');
    let ended = false;
    const posting = postMessage(stack, 'm1').finally(() => {
      ended = true;
    });
    // Long enough to tell a wait from a refusal; the refused post is over long before.
    await lab.lasting(LOCKED_MS);
    lab.require(ended === (variant !== 'patched'), 'only a host with a busy timeout to wait for the lock');
    await lock.release();
    const { status, body } = await posting;
    if (status === 201) return [];
    return found('busy', `expected 201 for a message, but saw HTTP ${status} ${body}`, { status, body });
  },
  expect: 'busy',
  seconds: 3.1,
});
