/** Rules on what the services promise beyond their db module: an answer, a delivery, a document that is found. */
import type { Rule } from '../rule.ts';
import { exposedBy } from './places.ts';

const DOCUMENTS = 'fixtures/oracle-v2/src/store/documents.ts';
const READS = 'fixtures/nanoclaw/src/message-reads.ts';
const TEXT_ROW = '    const { lastInsertRowid } = this.#insertText.run(oldRow, id, ';

export const PROMISE_RULES: readonly Rule[] = [
  {
    name: 'acknowledge-before-commit',
    breaks: 'a message is acknowledged while its transaction still waits',
    edits: {
      nanoclaw: [
        {
          file: 'fixtures/nanoclaw/src/routes.ts',
          find: '    await database().receiveMessage([chat_jid, timestamp, chat_name, channel, is_group], message);\n',
          replace:
            '    void database().receiveMessage([chat_jid, timestamp, chat_name, channel, is_group], message).catch(() => undefined);\n',
        },
      ],
    },
    expected: 'writes',
    exposure: exposedBy('kill-behind-lock'),
  },
  {
    name: 'delete-before-commit',
    breaks: 'an IPC file is deleted before the row it becomes is committed',
    edits: {
      nanoclaw: [
        {
          file: 'fixtures/nanoclaw/src/ipc.ts',
          find: '    const content = await readWhole(join(boxDir(group, box), name));\n',
          replace:
            '    const content = await readWhole(join(boxDir(group, box), name));\n    await unlinkIfThere(join(boxDir(group, box), name));\n',
        },
      ],
    },
    expected: 'delivery',
    exposure: exposedBy('kill-behind-lock'),
  },
  {
    name: 'cursor-by-timestamp',
    breaks: 'the message loop asks for what is later than its cursor, so a message that comes late is skipped for ever',
    edits: {
      nanoclaw: [
        {
          file: READS,
          find: 'WHERE rowid > ? ORDER BY rowid',
          replace: 'WHERE timestamp > ? ORDER BY timestamp',
        },
        {
          file: READS,
          find: '        startOf(lastTimestamp, 0),\n',
          replace: '        parseCursor(lastTimestamp).timestamp,\n',
        },
      ],
    },
    expected: 'delivery',
    exposure: exposedBy('late-messages'),
  },
  {
    name: 'document-and-text-apart',
    breaks: 'the row of a document and its full-text row are committed one after the other, as upstream does',
    edits: {
      'oracle-v2': [
        {
          file: 'fixtures/oracle-v2/src/store/learn.ts',
          find: '    return this.#connections.writeTyped(() => {\n',
          replace: '    return ((work: () => { id: string }) => work())(() => {\n',
        },
        {
          file: 'fixtures/oracle-v2/src/store/learn.ts',
          find: '      return { id };\n',
          replace: '      this.#documents.later();\n      return { id };\n',
        },
        {
          file: 'fixtures/oracle-v2/src/store/indexing.ts',
          find: '.filter((document) => documents.put(document, now).changed)',
          replace: `.filter((document) => {
      const { changed } = documents.put(document, now);
      documents.later();
      return changed;
    })`,
        },
        {
          file: DOCUMENTS,
          find: '  readonly #deleteText: Statement<[number]>;\n',
          replace:
            '  readonly #deleteText: Statement<[number]>;\n  later: () => void = () => undefined;\n  #texts = 0;\n',
        },
        {
          file: DOCUMENTS,
          find: `${TEXT_ROW}content, columns.concepts.join(' '));\n    const ftsRowid = Number(lastInsertRowid);\n`,
          replace: `    const ftsRowid = oldRow ?? (Date.now() % 1e9) * 1e6 + (process.pid % 1e3) * 1e3 + (this.#texts++ % 1e3);
    this.later = () => {
      this.later = () => undefined;
      this.#insertText.run(ftsRowid, id, content, columns.concepts.join(' '));
    };
`,
        },
      ],
    },
    expected: 'search-index',
    exposure: exposedBy('kill-behind-lock'),
  },
  {
    name: 'replace-into-text',
    breaks: 'a changed document gets one full-text row more: FTS5 has no unique key that REPLACE could act on',
    edits: {
      'oracle-v2': [
        {
          file: DOCUMENTS,
          find: "'INSERT INTO oracle_fts (rowid, id,",
          replace: "'INSERT OR REPLACE INTO oracle_fts (rowid, id,",
        },
        { file: DOCUMENTS, find: '    if (oldRow !== null) this.#deleteText.run(oldRow);\n', replace: '' },
        { file: DOCUMENTS, find: TEXT_ROW, replace: TEXT_ROW.replace('oldRow', 'null') },
      ],
    },
    expected: 'search-index',
    exposure: exposedBy('edit-files'),
  },
];
