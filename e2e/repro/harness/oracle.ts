/** What repros ask of Oracle V2: its first server and its first indexer. */
import { z } from 'zod';
import type { Lab, SourceEdit } from '../../model/repro.ts';
import type { Stack } from '../../model/stack.ts';
import { type Answer, ask } from './ask.ts';

const SERVER = 'oracle-1';
const INDEXER = 'indexer-1';
const EDIT = new URL('../../mutants/edit-learnings.ts', import.meta.url);
/** In every document that `learn` stores. */
const WORD = 'searchable';

export async function learn(lab: Lab, stack: Stack, documents: number): Promise<void> {
  for (let n = 1; n <= documents; n++) {
    lab.require((await learnOne(stack, `Lesson ${n}`)).status === 200, 'a document to be learned');
  }
}

export async function learnOne(stack: Stack, title: string): Promise<Answer> {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ pattern: `${title}: ${WORD}` });
  return await ask(stack, SERVER, '/api/learn', { method: 'POST', headers, body });
}

/** Edits the files of so many documents, so that the indexer has to write them again. */
export async function editFiles(lab: Lab, stack: Stack, documents: number): Promise<void> {
  const { exitCode } = await stack.runBeside(EDIT, ['{data}', String(documents)]);
  lab.require(exitCode === 0, 'the files to be edited');
}

const page = z.object({ total: z.number() });

/** How often the word that every document holds is found. */
export async function hits(stack: Stack, server = SERVER): Promise<number> {
  const { body } = await ask(stack, server, `/api/search?q=${WORD}`);
  return page.parse(JSON.parse(body)).total;
}

/** How many documents a server lists. Unlike a search it writes nothing. */
export async function listed(stack: Stack, server = SERVER): Promise<number> {
  const { body } = await ask(stack, server, '/api/list?limit=1');
  return page.parse(JSON.parse(body)).total;
}

/** Documents that the indexer has written since it started. */
export async function writtenAgain(stack: Stack): Promise<number> {
  const { body } = await ask(stack, INDEXER, '/metrics');
  return Number(/^oracle_documents_indexed_total (\d+)/m.exec(body)?.[1] ?? 0);
}

const stats = z.object({ indexing: z.object({ isIndexing: z.boolean() }).nullable() });

export async function isIndexing(stack: Stack): Promise<boolean> {
  const { body } = await ask(stack, SERVER, '/api/stats');
  return stats.parse(JSON.parse(body)).indexing?.isIndexing === true;
}

const DB_MODULE = 'fixtures/oracle-v2/src/server/db.ts';

/** Another busy timeout in place of the 30 s, which a repro has no time for. */
export function busyTimeout(ms: number): SourceEdit[] {
  return [
    { file: DB_MODULE, find: 'BUSY_TIMEOUT_MS = 30_000', replace: `BUSY_TIMEOUT_MS = ${ms}` },
    { file: DB_MODULE, find: "'busy_timeout = 30000'", replace: `'busy_timeout = ${ms}'` },
    { file: DB_MODULE, find: 'busy_timeout: 30_000', replace: `busy_timeout: ${ms}` },
  ];
}

const INDEX_BATCH = '  return writeTyped((tx) => {\n    const changed = batch';

/** The indexer computes for so long, e.g. embeddings, once it has begun a batch's transaction or just before it does. */
export function indexerComputes(where: 'inside its transaction' | 'before its transaction', ms: number): SourceEdit {
  const work = `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${ms});\n`;
  const [begin = '', rest = ''] = INDEX_BATCH.split('\n');
  const inside = `${begin}\n    ${work}${rest}`;
  const before = `  ${work}${INDEX_BATCH}`;
  const replace = where === 'inside its transaction' ? inside : before;
  return { file: 'fixtures/oracle-v2/src/store/indexing.ts', find: INDEX_BATCH, replace };
}
