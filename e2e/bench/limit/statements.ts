/**
 * What a service's write does to its database, without the service: its own db module and its own functions, called on values
 * that are ready. What a write costs beyond it in the service, on top of the calls below:
 *
 * - HTTP: the connection, the head, routing, validation; on the other side the traffic that asks.
 * - JSON: of the body, and of the reply.
 * - The hop: HTTP's process hands each call to the database process, which answers by a message as well.
 * - NanoClaw: the loop reads what is new, writes it to files for the agents and saves its cursors; three agents answer by files, and
 *   keep a session and a run each in databases processes of their own; the host stores each answer as one more message.
 * - Oracle: a Markdown file is written and linked for each learning, its text cut into words and hashed; two indexers look at each.
 */
import { sentBy } from './writes.ts';

/** The n-th write of one writer. */
export type Write = (n: number) => void;

/** Opens the database under the service's policy; `of` tells the writers of one file apart. */
export type OpenStatements = (folder: string, seed: number, of: string) => Promise<Write>;

export const STATEMENTS: Readonly<Record<string, OpenStatements>> = { nanoclaw: openNanoclaw, 'oracle-v2': openOracle };

/** The calls of `POST /messages`. The traffic's other writes, a task paused or resumed in one call of twelve, are left out. */
async function openNanoclaw(folder: string, seed: number, of: string): Promise<Write> {
  const { initDatabase, ...queries } = await import('../../../fixtures/nanoclaw/src/db.ts');
  const { methodsOf } = await import('../../../fixtures/nanoclaw/src/methods.ts');
  initDatabase(`${folder}/messages.db`);
  const { receiveMessage } = methodsOf(queries);
  type Message = Parameters<typeof receiveMessage>[1];
  const bodies = sentBy('nanoclaw', seed).map(({ body }) => body as Message);
  return (n) => {
    const body = bodies[n % bodies.length] as Message;
    const timestamp = new Date().toISOString();
    receiveMessage([body.chat_jid, timestamp], { ...body, id: `${of}-${n}`, timestamp, is_from_me: false });
  };
}

/** The call of `POST /api/learn`. */
async function openOracle(folder: string, seed: number, of: string): Promise<Write> {
  const { createDatabase, drizzleTransaction, migrateDatabase, writeTransaction } = await import(
    '../../../fixtures/oracle-v2/src/server/db.ts'
  );
  const { documentOf } = await import('../../../fixtures/oracle-v2/src/document.ts');
  const { Documents } = await import('../../../fixtures/oracle-v2/src/store/documents.ts');
  const { Learnings } = await import('../../../fixtures/oracle-v2/src/store/learn.ts');
  const { sqlite, db } = createDatabase(`${folder}/oracle.db`);
  migrateDatabase(db, new URL('../../../fixtures/oracle-v2/drizzle', import.meta.url).pathname);
  const write = <T>(work: () => T) => writeTransaction(sqlite, work);
  const connections = { sqlite, db, write, writeTyped: drizzleTransaction.bind(null, db) as never };
  const learnings = new Learnings(connections, new Documents(db));
  const patterns = sentBy('oracle-v2', seed).map(({ body }) => {
    const { pattern, concepts } = body as { pattern: string; concepts: string[] };
    // The key is the first word, and each write has its own.
    const [, rest = ''] = /^\S+ (.*)$/s.exec(pattern) ?? [];
    const document = documentOf('ψ/memory/learnings/x.md', rest, { mtimeMs: 1.5, sizeBytes: 300 });
    return { rest, document: { ...document, concepts, createdBy: 'oracle_learn' } };
  });
  return (n) => {
    const { rest, document } = patterns[n % patterns.length] as (typeof patterns)[number];
    const key = `note-${of}x${n}`;
    const stem = `2026-01-01_${key}`;
    const own = {
      ...document,
      id: `learning_${stem}`,
      sourceFile: `ψ/memory/learnings/${stem}.md`,
      content: `${key} ${document.content}`,
      contentHash: `${document.contentHash.slice(0, 48)}${key}`,
    };
    learnings.record(own, { patternPreview: `${key} ${rest}`, source: 'walproof' }, Date.now());
  };
}
