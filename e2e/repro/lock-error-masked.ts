import { repro } from '../model/repro.ts';
import { ask } from './harness/ask.ts';
import { holdLock } from './harness/held-lock.ts';
import { found } from './harness/scene.ts';

/**
 * Claim:  a service that cannot read its database says so.
 * Method: one document is learned; another process holds BEGIN EXCLUSIVE on the database in DELETE mode, so that no read
 *         succeeds; the statistics are asked for.
 * Red as: error-masked. Not claimed: that the service should wait; with the patch it would not even meet this lock.
 */
export default repro({
  name: 'lock-error-masked',
  title: 'A database that cannot be read is reported as an empty one',
  operatorSees:
    '200 OK with total 0 (and "database is locked", SQLITE_BUSY, in no answer) while the database is locked or failing',
  refusals: [{ code: 'SQLITE_BUSY', message: 'database is locked' }],
  alsoReportedAs: ['indexing in progress', 'total_docs', 'authEnabled', 'disk I/O error', 'empty statistics'],
  elapsed: 'at once',
  sources: ['Soul-Brews-Studio/arra-oracle-v3#1068'],
  mechanism:
    'An error whose text holds "database is locked" or "disk I/O" is taken for a sign that an indexer is at work, and answered ' +
    'with empty defaults. A failing disk says "disk I/O error" too, and then an empty knowledge base looks healthy.',
  seedPatch: 'no-effect',
  seedPatchBecause: 'it makes locks rarer and leaves every other failure masked',
  fix:
    'decide by code, not by text: SQLITE_BUSY is 503 and to be tried again, SQLITE_IOERR, FULL and CORRUPT are 500 and ' +
    'unhealthy',
  playedBy: 'oracle-v2',
  cast:
    'a server of oracle-v2 in DELETE mode, variant masks-lock-errors against variant unpatched, whose errors reach the ' +
    'routes',
  engines: ['process', 'docker'],
  without: { variant: 'masks-lock-errors' },
  with: { variant: 'unpatched' },
  async scenario(lab, { variant }) {
    const stack = await lab.stack('oracle-v2', { variant });
    await stack.start(['oracle-1']);
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ pattern: 'locks belong to processes' });
    const learned = await ask(stack, 'oracle-1', '/api/learn', { method: 'POST', headers, body });
    lab.require(learned.status === 200, 'a document to be learned');
    const lock = await holdLock(lab, stack, 'BEGIN EXCLUSIVE');
    const stats = await ask(stack, 'oracle-1', '/api/stats');
    await lock.release();
    lab.require(
      lab.refusals.some(({ code }) => code === 'SQLITE_BUSY'),
      'the read to be refused',
    );
    if (stats.status >= 500) return [];
    const seen = `expected 5xx while the database cannot be read, but saw HTTP ${stats.status} ${stats.body}`;
    return found('error-masked', seen, stats);
  },
  expect: 'error-masked',
  seconds: 1.5,
});
