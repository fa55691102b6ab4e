/** Rules on who opens, copies and closes the database file. */
import type { Edit, Rule } from '../rule.ts';
import { exposedBy, NANOCLAW_DB, ORACLE_DB } from './places.ts';

const DATABASE_PROCESS = 'fixtures/service-kit/src/database-process.ts';

const NO_CLOSE: readonly Edit[] = [
  {
    file: DATABASE_PROCESS,
    find: "    if (message.kind === 'close') {\n      closeAll();\n",
    replace: "    if (message.kind === 'close') {\n",
  },
];

/** With the sidecars, as a backup needs them. The locks that matter are on -shm: a copy of the database alone does no harm. */
const copyOf = (file: string): string => `  for (const end of ['', '-wal', '-shm']) {
    const from = \`\${${file}}\${end}\`;
    if (existsSync(from)) copyFileSync(from, \`\${${file}}.copy-\${process.pid}\${end}\`);
  }
`;

export const CONNECTION_RULES: readonly Rule[] = [
  {
    name: 'second-connection',
    breaks: 'one connection more is opened, without the policy',
    edits: {
      nanoclaw: [
        {
          file: NANOCLAW_DB,
          find: '  opened = db;\n',
          replace: "  opened = db;\n  new Database(file).prepare('SELECT count(*) FROM messages').get();\n",
        },
      ],
      'oracle-v2': [
        { file: ORACLE_DB, find: 'db: drizzle(openDatabase(path))', replace: 'db: drizzle(new Sqlite(path))' },
      ],
    },
    expected: 'pragma-policy',
    exposure: exposedBy(),
  },
  {
    name: 'copy-in-process',
    breaks: "the database is copied by plain file I/O in the process that has it open, which drops the process's locks",
    edits: {
      nanoclaw: [
        {
          file: NANOCLAW_DB,
          find: "import { mkdirSync } from 'node:fs';",
          replace: "import { copyFileSync, existsSync, mkdirSync } from 'node:fs';",
        },
        {
          file: NANOCLAW_DB,
          find: '  opened = db;\n',
          replace: `  opened = db;\n${copyOf('file')}`,
        },
      ],
      'oracle-v2': [
        {
          file: ORACLE_DB,
          find: "import Sqlite from 'better-sqlite3';",
          replace: "import { copyFileSync, existsSync } from 'node:fs';\nimport Sqlite from 'better-sqlite3';",
        },
        {
          file: ORACLE_DB,
          find: '  open.push(database);\n',
          replace: `  open.push(database);\n${copyOf('path')}`,
        },
      ],
    },
    expected: 'sidecars',
    exposure: exposedBy('stop-one'),
  },
  {
    name: 'no-close-on-sigterm',
    breaks: 'a service that is stopped ends without closing its connections',
    edits: { nanoclaw: NO_CLOSE, 'oracle-v2': NO_CLOSE },
    expected: 'sidecars',
    exposure: exposedBy(),
  },
];
