import { repro } from '../model/repro.ts';
import { editFiles, hits, learn, writtenAgain } from './harness/oracle.ts';
import { found } from './harness/scene.ts';

const DOCUMENTS = 5;
const ROUNDS = 3;
const STORE = 'fixtures/oracle-v2/src/store/documents.ts';

/**
 * Claim:  a document that is indexed again is found once.
 * Method: five documents are learned and their files edited three times, each time until the indexer has written all of them
 *         again; then a word that every document holds is searched.
 * Red as: fts-inconsistent. Not claimed: ranking.
 */
export default repro({
  name: 'fts-replace-duplicates',
  title: 'INSERT OR REPLACE into an FTS5 table replaces nothing: every reindex adds all documents again',
  operatorSees: 'search returns the same document N times (1268 rows for 141 documents after nine reindexes); no error',
  refusals: [],
  alsoReportedAs: ['duplicate results', 'search returns duplicates', 'oracle_fts', 'FTS5'],
  elapsed: 'nothing is refused',
  sources: ['Soul-Brews-Studio/arra-oracle-v3#750', 'mihaelamj/cupertino#62', 'jaylfc/taOS#2868'],
  mechanism:
    'REPLACE acts on a conflict with a unique key, and an FTS5 table has none but its rowid: a column named id is text like ' +
    'any other. So nothing ever conflicts.',
  seedPatch: 'no-effect',
  seedPatchBecause: 'no pragma touches it',
  fix: 'delete, then insert, in one transaction, by a rowid that the document row keeps (as oracle-v2 does in store/documents.ts)',
  playedBy: 'oracle-v2',
  cast: "server and indexer of oracle-v2, with upstream's statement put into store/documents.ts against the file as it is",
  truth:
    'the services here join by rowid, so the copies show in the number of hits and in the size of the table, not as rows',
  engines: ['process', 'docker'],
  without: {
    edits: [
      {
        file: STORE,
        find: "'INSERT INTO oracle_fts (rowid, id",
        replace: "'INSERT OR REPLACE INTO oracle_fts (rowid, id",
      },
      { file: STORE, find: 'if (oldRow !== null) this.#deleteText.run(oldRow);', replace: '' },
      { file: STORE, find: 'this.#insertText.run(oldRow, id', replace: 'this.#insertText.run(null, id' },
    ],
  },
  with: { edits: [] },
  async scenario(lab, { edits }) {
    const stack = await lab.stack('oracle-v2', { edits });
    await stack.start(['oracle-1', 'indexer-1']);
    await learn(lab, stack, DOCUMENTS);
    for (let round = 1; round <= ROUNDS; round++) {
      const before = await writtenAgain(stack);
      await editFiles(lab, stack, DOCUMENTS);
      const again = async () => (await writtenAgain(stack)) >= before + DOCUMENTS;
      await lab.until(again, 'the indexer to write all documents again');
    }
    const total = await hits(stack);
    if (total === DOCUMENTS) return [];
    return found('fts-inconsistent', `expected ${DOCUMENTS} hits for ${DOCUMENTS} documents, but saw ${total}`, {
      total,
    });
  },
  expect: 'fts-inconsistent',
  seconds: 4.5,
});
