import { repro } from '../model/repro.ts';
import { busyTimeout, editFiles, indexerComputes, learn, learnOne, listed } from './harness/oracle.ts';
import { probeLock } from './harness/probe-lock.ts';
import { refusedOverHttp } from './harness/scene.ts';

/** The server's busy timeout in place of 30 s; the mechanism is the same. */
const TIMEOUT_MS = 2_000;
/** Far longer than the scene: the indexer is frozen long before it would go on. */
const COMPUTES_MS = 30_000;

/**
 * Claim:  a process that stands still does not keep the others from writing for ever.
 * Method: the indexer is frozen inside its write transaction, in which it computes something; a server lists documents, and
 *         learns one; with the fix a watchdog ends the frozen one meanwhile.
 * Red as: busy. Not claimed: that what the frozen one had not committed is kept.
 */
export default repro({
  name: 'frozen-lock-holder',
  title: 'A frozen process keeps its lock: nobody can write until it goes on or is killed',
  operatorSees:
    'SqliteError: database is locked (SQLITE_BUSY) after the busy timeout, from every writer, for days; reads are fine',
  refusals: [{ code: 'SQLITE_BUSY', message: 'database is locked' }],
  alsoReportedAs: ['docker pause', 'SIGSTOP', 'stopped process', 'Paused'],
  elapsed: 'after the timeout',
  sources: ['AgentWorkforce/relayhistory#50'],
  mechanism:
    'The kernel gives a lock back when its process ends, not when it stands still. docker pause, SIGSTOP, a debugger or a ' +
    'suspended laptop inside BEGIN IMMEDIATE keeps the lock for as long as they last.',
  seedPatch: 'no-effect',
  seedPatchBecause: 'any timeout ends before a freeze without end does',
  fix:
    'no transaction across anything that can stand still, and a watchdog that ends stopped processes: the kernel then frees ' +
    'the lock',
  playedBy: 'oracle-v2',
  cast:
    'a server and an indexer, whose transaction is made long in store/indexing.ts, so that the freeze meets it inside; ' +
    'timeout 2 s in the db module',
  engines: ['process', 'docker'],
  without: { watchdog: false },
  with: { watchdog: true },
  async scenario(lab, { watchdog }) {
    const edits = [...busyTimeout(TIMEOUT_MS), indexerComputes('inside its transaction', COMPUTES_MS)];
    const stack = await lab.stack('oracle-v2', { edits });
    await stack.start(['oracle-1', 'indexer-1']);
    await learn(lab, stack, 1);
    await editFiles(lab, stack, 1);
    const probe = await probeLock(lab.beside(stack));
    const frozenInside = async () => {
      if (!(await probe.isHeld())) return false;
      await stack.pause('indexer-1');
      if (await probe.isHeld()) return true;
      await stack.unpause('indexer-1');
      return false;
    };
    await lab.until(frozenInside, 'the indexer to be frozen inside its transaction');
    lab.require((await listed(stack)) === 1, 'reads to go on');
    const learning = learnOne(stack, 'A lesson beside it');
    if (watchdog) await stack.kill(['indexer-1']);
    return refusedOverHttp(lab, await learning, { SQLITE_BUSY: 'busy' }, 'a server beside a frozen indexer to learn');
  },
  expect: 'busy',
  seconds: 4.4,
});
