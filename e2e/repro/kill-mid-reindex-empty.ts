import { repro } from '../model/repro.ts';
import { editFiles, hits, isIndexing, learn } from './harness/oracle.ts';
import { found } from './harness/scene.ts';

const DOCUMENTS = 5;
const ROUND = 'fixtures/oracle-v2/src/index-round.ts';
const BEFORE_BATCHES = '    let indexed = 0;\n    const files = [...outdated];\n';
/** A service of embeddings that does not answer: where upstream spends its minutes. */
const NETWORK = '    await new Promise(() => undefined);\n';
const DELETION = '    await this.#database.removeBatch([...outdated.keys()]);\n';

/**
 * Claim:  what could be found before a reindex can be found after it was killed.
 * Method: five documents are learned and edited; the indexer waits for a network that does not answer, before it writes
 *         anything or, as upstream, after it has deleted what it is about to write; it is killed there; then a word that
 *         every document holds is searched.
 * Red as: document-unfindable. Not claimed: that the reindex was done.
 */
export default repro({
  name: 'kill-mid-reindex-empty',
  title: 'An indexer that deletes first and is killed leaves nothing to find',
  operatorSees: 'after an OOM kill or a restart during indexing, search returns nothing; no error',
  refusals: [],
  alsoReportedAs: ['search returns nothing', 'no results', 'OOM', 'reindex', 'empty index'],
  elapsed: 'nothing is refused',
  sources: [
    'https://github.com/Soul-Brews-Studio/arra-oracle-v3 (src/indexer.ts: rows deleted in autocommit before anything is awaited)',
  ],
  mechanism:
    'The deletion commits by itself; then the indexer chunks, embeds and asks the network, for minutes. A kill anywhere in ' +
    'between leaves the committed deletion.',
  seedPatch: 'no-effect',
  seedPatchBecause: 'it keeps what was committed, and the deletion was',
  fix: 'prepare first, then delete and insert in one short transaction (as oracle-v2 does, 50 documents at a time)',
  playedBy: 'oracle-v2',
  cast: "server and indexer of oracle-v2, with upstream's order put into index-round.ts; both sides wait for the same network",
  truth: 'read in the source; no report of the harm was found',
  engines: ['process', 'docker'],
  without: { deletesFirst: true },
  with: { deletesFirst: false },
  async scenario(lab, { deletesFirst }) {
    const replace = `${BEFORE_BATCHES}${deletesFirst ? DELETION : ''}    if (outdated.size > 0) {\n${NETWORK}    }\n`;
    const stack = await lab.stack('oracle-v2', { edits: [{ file: ROUND, find: BEFORE_BATCHES, replace }] });
    await stack.start(['oracle-1', 'indexer-1']);
    await learn(lab, stack, DOCUMENTS);
    lab.require((await hits(stack)) === DOCUMENTS, 'all documents to be found before');
    await editFiles(lab, stack, DOCUMENTS);
    const waits = async () => (await isIndexing(stack)) && (!deletesFirst || (await hits(stack)) < DOCUMENTS);
    await lab.until(waits, 'the indexer to wait for the network');
    await stack.kill(['indexer-1']);
    const total = await hits(stack);
    if (total === DOCUMENTS) return [];
    const seen = `expected ${DOCUMENTS} documents to be found after a killed reindex, but saw ${total}`;
    return found('document-unfindable', seen, { total });
  },
  expect: 'document-unfindable',
  seconds: 2.4,
});
