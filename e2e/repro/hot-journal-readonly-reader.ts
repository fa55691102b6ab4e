import { repro } from '../model/repro.ts';
import { isHandedOver, messageIds, postMessage } from './harness/nanoclaw.ts';
import { refusedAs } from './harness/scene.ts';

const MESSAGES = 20;
const MESSAGE_CHARACTERS = 20_000;

/** One page of cache makes an open transaction write into the database; `interrupted` is a message that changes all rows and stays there. */
const STAYS_INSIDE = [
  {
    file: 'fixtures/variants/nanoclaw/unpatched.ts',
    find: "db.pragma('busy_timeout = 0');",
    replace: "db.pragma('busy_timeout = 0');\n  db.pragma('cache_size = 1');",
  },
  {
    file: 'fixtures/nanoclaw/src/message-writes.ts',
    find: '          is_bot_message: Number(message.is_bot_message ?? false),\n        });',
    replace: [
      '          is_bot_message: Number(message.is_bot_message ?? false),',
      '        });',
      "        if (message.id !== 'interrupted') return;",
      '        statement("UPDATE messages SET content = content || \'x\'").run();',
      '        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);',
    ].join('\n'),
  },
];

/**
 * Claim:  a reader with a readonly connection can read after the writer was killed in the middle of a transaction.
 * Method: DELETE mode; the host stands still in a transaction that has written into the database already; it is killed; a
 *         readonly connection reads, after somebody has opened the file for writing once, or not.
 * Red as: read-only. Not claimed: anything about WAL, which has no such journal.
 */
export default repro({
  name: 'hot-journal-readonly-reader',
  title: 'A writer killed in a transaction leaves a journal that no readonly connection may roll back',
  operatorSees:
    'SqliteError: attempt to write a readonly database (SQLITE_READONLY_ROLLBACK, 776) at every poll, from a process that ' +
    'only reads',
  refusals: [{ code: 'SQLITE_READONLY_ROLLBACK', message: 'attempt to write a readonly database' }],
  alsoReportedAs: ['disk I/O error', 'hot journal', '-journal'],
  elapsed: 'at once',
  sources: [
    'nanocoai/nanoclaw#2516',
    'nanocoai/nanoclaw#2640',
    'nanocoai/nanoclaw#2750',
    'nanocoai/nanoclaw#3660',
    'https://sqlite.org/rescode.html#readonly_rollback',
  ],
  mechanism:
    'In DELETE mode the old pages lie in app.db-journal while new ones are written into app.db. A writer that is killed then ' +
    'leaves a hot journal, which the next one to open must roll back before anybody may read. A readonly connection may not ' +
    'write, so it is refused, now and at every later try.',
  seedPatch: 'helps',
  seedPatchBecause:
    'WAL has no rollback journal; session databases that are kept in DELETE mode on purpose still have it',
  fix: 'open the file for writing once after the writer has ended; close the database on SIGTERM and give it time to',
  playedBy: 'nanoclaw',
  cast:
    'the host with variant unpatched, which keeps DELETE mode, made to stand still in message-writes.ts; a reader beside ' +
    'it, since no service opens readonly',
  engines: ['process', 'docker'],
  without: { heals: false },
  with: { heals: true },
  async scenario(lab, { heals }) {
    const stack = await lab.stack('nanoclaw', { variant: 'unpatched', edits: STAYS_INSIDE });
    await stack.start(['nanoclaw']);
    const site = lab.beside(stack);
    const [reader, operator] = await Promise.all([site.actor('reader'), site.actor('operator')]);
    for (const id of messageIds(1, MESSAGES)) {
      const { status } = await postMessage(stack, id, { content: 'x'.repeat(MESSAGE_CHARACTERS) });
      lab.require(status === 201, `message ${id} to be stored`);
    }
    await lab.until(() => isHandedOver(stack, MESSAGES), 'the host to have nothing left to write');
    // Its answer never comes.
    const interrupted = postMessage(stack, 'interrupted').catch(() => null);
    const journal = `${stack.service.database}-journal`;
    const hasJournal = async () => (await stack.files()).some(({ path, bytes }) => path === journal && bytes > 50_000);
    await lab.until(hasJournal, 'the transaction to have written into the database');
    await stack.kill(['nanoclaw']);
    await interrupted;
    lab.require(await hasJournal(), 'a journal to be left');
    if (heals) {
      await operator.open();
      await operator.value('SELECT count(*) FROM messages');
      await operator.close();
    }
    await reader.open({ readonly: true });
    const read = await reader.ask({ do: 'all', sql: 'SELECT count(*) AS rows FROM messages' });
    return refusedAs(lab, read, { SQLITE_READONLY_ROLLBACK: 'read-only' }, 'a readonly connection to read');
  },
  expect: 'read-only',
  seconds: 1.9,
});
