import { repro } from '../model/repro.ts';
import { messageIds, storeMessages } from './harness/nanoclaw.ts';
import { probeLock } from './harness/probe-lock.ts';
import { found } from './harness/scene.ts';

/** The maintenance job's busy timeout. With the seed it is 30 s. */
const CHECKPOINT_TIMEOUT_MS = 3_000;
const LONGEST_WRITE_MS = 1_000;

/**
 * Claim:  a checkpoint does not keep a service from writing.
 * Method: a reader keeps an old snapshot; a maintenance job checkpoints with TRUNCATE or PASSIVE; the host is sent a message
 *         meanwhile.
 * Red as: writer-stalled. Not claimed: that the -wal gets smaller.
 */
export default repro({
  name: 'checkpoint-stall',
  title: 'wal_checkpoint(TRUNCATE) waits for readers while it keeps all writers out',
  operatorSees:
    'the whole service stands still at the time of backup or maintenance; no error, and the checkpoint returns busy = 1',
  refusals: [],
  alsoReportedAs: ['wal_checkpoint', 'maintenance', 'TRUNCATE', 'checkpoint'],
  elapsed: 'nothing is refused',
  sources: ['openclaw/openclaw#81715', 'Signet-AI/signetai#1071', 'ohdearquant/khive#593'],
  mechanism:
    'TRUNCATE, RESTART and FULL take the write lock, and then wait for readers of old frames with the busy handler, keeping ' +
    'that lock. So the timeout of the maintenance connection is how long everybody else stands still.',
  seedPatch: 'causes',
  seedPatchBecause: 'it lengthens that wait from 5 to 30 s',
  fix: 'PASSIVE as a rule; TRUNCATE with a short busy timeout of its own, and look at the row it returns',
  playedBy: 'nanoclaw',
  cast: 'the host, and beside it a reader and a maintenance job, which neither service has of its own',
  truth: 'it does not throw: the row says busy = 1; timeout 3 s here',
  engines: ['process', 'docker'],
  without: { mode: 'TRUNCATE' },
  with: { mode: 'PASSIVE' },
  async scenario(lab, { mode }) {
    const stack = await lab.stack('nanoclaw');
    await stack.start(['nanoclaw']);
    const site = lab.beside(stack);
    const [reader, job] = await Promise.all([site.actor('reader'), site.actor('maintenance')]);
    const probe = await probeLock(site);
    await reader.open();
    await reader.exec('BEGIN');
    await reader.value('SELECT count(*) FROM messages');
    await storeMessages(lab, stack, messageIds(1, 3));
    await job.open({ timeoutMs: CHECKPOINT_TIMEOUT_MS });
    const checkpoint = job.begin({ do: 'all', sql: `PRAGMA wal_checkpoint(${mode})` });
    let over = false;
    void checkpoint.reply.then(() => {
      over = true;
    });
    await checkpoint.started;
    await lab.until(async () => over || (await probe.isHeld()), 'the checkpoint to be over or to hold the write lock');
    const sentAt = performance.now();
    await storeMessages(lab, stack, ['meanwhile']);
    const writeMs = Math.round(performance.now() - sentAt);
    const done = await checkpoint.reply;
    lab.require(done.ok, 'the checkpoint not to throw');
    if (writeMs <= LONGEST_WRITE_MS) return [];
    return found(
      'writer-stalled',
      `expected a message beside a checkpoint to be stored within ${LONGEST_WRITE_MS} ms, but it took ${writeMs} ms`,
      { writeMs, checkpoint: done.ok ? done.value : null },
    );
  },
  expect: 'writer-stalled',
  seconds: 4.6,
});
