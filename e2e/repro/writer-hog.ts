import { repro } from '../model/repro.ts';
import { busyTimeout, editFiles, indexerComputes, isIndexing, learn, learnOne } from './harness/oracle.ts';
import { probeLock } from './harness/probe-lock.ts';
import { refusedOverHttp } from './harness/scene.ts';

/** The server's busy timeout in place of 30 s; the mechanism is the same. */
const TIMEOUT_MS = 1_000;
/** What the indexer does for a batch besides writing: an embedding, a network call, a merge. */
const WORK_MS = 3_000;

/**
 * Claim:  a server gets to write while an indexer works.
 * Method: the indexer computes for 3 s, inside its transaction or before it begins one; a server, with a timeout of 1 s, is
 *         sent a document meanwhile.
 * Red as: busy. Not claimed: fairness; SQLite has none.
 */
export default repro({
  name: 'writer-hog',
  title: 'One transaction that lasts longer than the timeout of the others refuses them all',
  operatorSees:
    'SqliteError: database is locked (SQLITE_BUSY) after the whole busy timeout, while an import, VACUUM or FTS merge runs',
  refusals: [{ code: 'SQLITE_BUSY', message: 'database is locked' }],
  alsoReportedAs: ['indexing in progress', 'optimize', 'VACUUM', 'import'],
  elapsed: 'after the timeout',
  sources: [
    'Soul-Brews-Studio/arra-oracle-v3#1067',
    'lemoncrow-lab/lemoncrow#43',
    'HeliosSoftware/hfs#942',
    'NousResearch/hermes-agent#73579',
    'blinklabs-io/dingo#4535',
    'loupe-php/loupe#230',
    'louislam/uptime-kuma#2470',
  ],
  mechanism:
    'SQLite has one writer at a time, and a transaction is one turn. Whoever keeps it longer than the others are ready to ' +
    'wait has them all refused; WAL frees readers from this, not writers.',
  seedPatch: 'helps',
  seedPatchBecause:
    '30 s outlast most transactions, but not an import of minutes, and each wait freezes a synchronous process',
  fix: 'do no other work inside a transaction, commit in small batches, and pause between them',
  playedBy: 'oracle-v2',
  cast:
    'a server and an indexer, which computes inside its transaction or before it (store/indexing.ts); timeout 1 s in the db ' +
    'module',
  truth:
    'batches alone are not enough: the busy handler sleeps up to 100 ms between two looks, so a loop that begins again at ' +
    'once starves the others. Ten batches of 150 ms refused a writer in 4 of 4 runs without a pause between them, in 2 of 4 ' +
    'with 5 ms, in none with 20 ms or more',
  engines: ['process', 'docker'],
  without: { computes: 'inside its transaction' } as const,
  with: { computes: 'before its transaction' } as const,
  async scenario(lab, { computes }) {
    const stack = await lab.stack('oracle-v2', {
      edits: [...busyTimeout(TIMEOUT_MS), indexerComputes(computes, WORK_MS)],
    });
    await stack.start(['oracle-1', 'indexer-1']);
    await learn(lab, stack, 1);
    const probe = await probeLock(lab.beside(stack));
    await editFiles(lab, stack, 1);
    const works = async () =>
      (await isIndexing(stack)) && (computes === 'before its transaction' || (await probe.isHeld()));
    await lab.until(works, 'the indexer to be at work');
    const learned = await learnOne(stack, 'A lesson beside it');
    return refusedOverHttp(lab, learned, { SQLITE_BUSY: 'busy' }, 'a server beside an indexer to learn');
  },
  expect: 'busy',
  seconds: 3.4,
});
