import { repro, type SourceEdit } from '../model/repro.ts';
import { ask } from './harness/ask.ts';
import { holdLock } from './harness/held-lock.ts';
import { storeMessages } from './harness/nanoclaw.ts';
import { found } from './harness/scene.ts';

const CLIENT = 'fixtures/service-kit/src/database-client.ts';
/** The database on the thread that also answers HTTP, as upstream has it, in place of a process of its own. */
const ON_ONE_THREAD = [
  {
    file: CLIENT,
    find: '  const client = new Client(forked, metrics);',
    replace: '  if (forked !== null) return await onThisThread(forked);\n  const client = new Client(forked, metrics);',
  },
  {
    file: CLIENT,
    find: 'interface Reply {',
    replace: [
      'async function onThisThread({ child, entry }) {',
      "  child.kill('SIGKILL');",
      "  const [module, { methodsOf }] = await Promise.all(['./db.ts', './methods.ts'].map((path) => import(",
      '    new URL(path, entry).href)));',
      '  module.initDatabase();',
      '  const methods = methodsOf(module);',
      '  const call = new Proxy({}, { get: (_target, name) => async (...args) => methods[name](...args) });',
      '  const close = async () => (module.closeDatabase(), true);',
      '  return { call, connections: () => [], died: new Promise(() => undefined), close };',
      '}',
      '',
      'interface Reply {',
    ].join('\n'),
  },
];

/** As long as the lock is held, whichever side plays. The timeout is the patch's own 30 s. */
const LOCKED_MS = 2_500;
/** A probe that takes longer is what makes a container unhealthy (Docker's own default is 30 s, Compose files say 1 to 5). */
const LONGEST_PROBE_MS = 1_000;

/**
 * Claim:  a service answers its health probe while one of its writes waits for another process's lock.
 * Method: another process holds the write lock for 2.5 s; the host is sent a message; its health is probed all the while.
 * Red as: event-loop-stalled. Not claimed: that the write is quick.
 */
export default repro({
  name: 'event-loop-freeze',
  title: 'While a synchronous driver waits for a lock, the whole process stands still',
  operatorSees: 'container unhealthy, every HTTP call hangs for up to 30 s, and no SQLite error in the log',
  refusals: [],
  alsoReportedAs: ['unhealthy', 'health check', 'hangs', 'event loop', 'not responding', 'ETIMEDOUT'],
  elapsed: 'nothing is refused',
  sources: [
    'mksglu/context-mode#985',
    'openclaw/openclaw#117262',
    'markmhendrickson/neotoma#2280',
    'sam-dumont/immich-video-memory-generator#399',
  ],
  mechanism:
    'better-sqlite3 and bun:sqlite sleep inside the busy handler on the thread that also answers HTTP, timers and SIGTERM. A ' +
    'timeout of 30 s makes that 30 s: the probe fails while nothing is refused and nothing is logged.',
  seedPatch: 'causes',
  seedPatchBecause: 'busy_timeout = 30000 turns a refusal after 5 s into a standstill of up to 30 s',
  fix: 'the database in a process (or thread) of its own, as the services here have it; or a short timeout and waiting outside the driver',
  playedBy: 'nanoclaw',
  cast: 'the host with its database on the one thread it has, as upstream (database-client.ts), against the host as it is',
  truth: 'the standstill is as long as the shorter of lock and timeout: 2.5 s here',
  engines: ['process', 'docker'],
  without: { edits: ON_ONE_THREAD },
  with: { edits: [] as SourceEdit[] },
  async scenario(lab, { edits }) {
    const stack = await lab.stack('nanoclaw', { edits });
    await stack.start(['nanoclaw']);
    const lock = await holdLock(lab, stack, 'BEGIN IMMEDIATE');
    let writing = true;
    const written = storeMessages(lab, stack, ['m1']).finally(() => {
      writing = false;
    });
    const released = lab.lasting(LOCKED_MS).then(() => lock.release());
    let longestMs = 0;
    while (writing) {
      const askedAt = performance.now();
      const { status } = await ask(stack, 'nanoclaw', '/health');
      lab.require(status === 200, 'HTTP 200 from /health');
      longestMs = Math.max(longestMs, performance.now() - askedAt);
      await lab.lasting(20);
    }
    await Promise.all([written, released]);
    if (longestMs <= LONGEST_PROBE_MS) return [];
    const seen = `expected a health probe to be answered within ${LONGEST_PROBE_MS} ms, but one took ${Math.round(longestMs)} ms`;
    return found('event-loop-stalled', seen, { longestMs, refusals: lab.refusals.length });
  },
  expect: 'event-loop-stalled',
  seconds: 6.5,
});
