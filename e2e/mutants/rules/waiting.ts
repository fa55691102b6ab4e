/** Rules on how the db modules wait for locks, begin transactions and migrate. */
import type { Rule } from '../rule.ts';
import { CONSTRUCTOR_TIMEOUT, exposedAtStart, exposedBy, NANOCLAW_DB, ORACLE_DB } from './places.ts';

const NANOCLAW_WAIT = "    db.pragma('busy_timeout = 30000');\n";
const ORACLE_WAIT = "    database.pragma('busy_timeout = 30000');\n";
const NANOCLAW_SWITCH = '    switchToWal(db);\n';
const ORACLE_SWITCH = "    retryWhileBusy(() => database.pragma('journal_mode = WAL'), BUSY_TIMEOUT_MS);\n";
const NANOCLAW_SWITCH_ONCE = "    db.pragma('journal_mode = WAL');\n";
const ORACLE_SWITCH_ONCE = "    database.pragma('journal_mode = WAL');\n";
const NANOCLAW_BEGIN = 'return connection().transaction(work).immediate();';
const ORACLE_BEGIN = "return db.transaction(work, { behavior: 'immediate' });";

const ORACLE_RAW_BEGIN = 'return sqlite.transaction(work).immediate();';

const atOpen: readonly Rule[] = [
  {
    name: 'swap-wait-and-switch',
    breaks: 'the switch to WAL comes before busy_timeout',
    edits: {
      nanoclaw: [
        { file: NANOCLAW_DB, find: NANOCLAW_WAIT + NANOCLAW_SWITCH, replace: NANOCLAW_SWITCH + NANOCLAW_WAIT },
      ],
      'oracle-v2': [{ file: ORACLE_DB, find: ORACLE_WAIT + ORACLE_SWITCH, replace: ORACLE_SWITCH + ORACLE_WAIT }],
    },
    expected: 'running',
    exposure: exposedAtStart('rollback-locked'),
    equivalent:
      'at the switch the option of the constructor holds already, and no timeout covers the lock that refuses a switch: the retry does',
  },
  {
    name: 'seed-order',
    breaks: 'the order of the seed: a plain open, the switch to WAL tried once, then the timeout',
    edits: {
      nanoclaw: [
        { file: NANOCLAW_DB, find: CONSTRUCTOR_TIMEOUT, replace: '' },
        { file: NANOCLAW_DB, find: NANOCLAW_WAIT + NANOCLAW_SWITCH, replace: NANOCLAW_SWITCH_ONCE + NANOCLAW_WAIT },
      ],
      'oracle-v2': [
        { file: ORACLE_DB, find: CONSTRUCTOR_TIMEOUT, replace: '' },
        { file: ORACLE_DB, find: ORACLE_WAIT + ORACLE_SWITCH, replace: ORACLE_SWITCH_ONCE + ORACLE_WAIT },
      ],
    },
    expected: 'running',
    exposure: exposedAtStart('rollback-locked'),
  },
  {
    name: 'switch-once',
    breaks: 'a refused switch to WAL is not tried again',
    edits: {
      nanoclaw: [{ file: NANOCLAW_DB, find: NANOCLAW_SWITCH, replace: NANOCLAW_SWITCH_ONCE }],
      'oracle-v2': [{ file: ORACLE_DB, find: ORACLE_SWITCH, replace: ORACLE_SWITCH_ONCE }],
    },
    expected: 'running',
    exposure: exposedAtStart('rollback-locked'),
  },
  {
    name: 'deferred-migration',
    breaks: 'the migration looks before it holds the write lock',
    edits: {
      nanoclaw: [
        {
          file: NANOCLAW_DB,
          find: 'db.transaction(() => migrate(db, ASSISTANT_NAME)).immediate();',
          replace: 'db.transaction(() => migrate(db, ASSISTANT_NAME))();',
        },
      ],
    },
    expected: 'running',
    exposure: exposedAtStart('outdated-locked'),
  },
  {
    name: 'drizzle-migrator',
    breaks: 'what is pending is read outside of the transaction that applies it, so several processes apply the same',
    edits: {
      'oracle-v2': [
        {
          file: ORACLE_DB,
          find: "import { drizzle, readMigrationFiles } from './drizzle.ts';",
          replace: "import { drizzle, migrate, readMigrationFiles } from './drizzle.ts';",
        },
        {
          file: ORACLE_DB,
          find: '  const migrations = readMigrationFiles({ migrationsFolder: folder });\n',
          replace:
            '  migrate(db, { migrationsFolder: folder });\n  const migrations = readMigrationFiles({ migrationsFolder: folder });\n',
        },
      ],
    },
    expected: 'running',
    exposure: exposedAtStart('outdated-locked'),
  },
];

const inTransactions: readonly Rule[] = [
  ...[0, 50].map(
    (ms): Rule => ({
      name: `timeout-${ms}-later`,
      breaks: `every connection attests 30 000 ms, and waits ${ms} ms once it works`,
      edits: {
        nanoclaw: [
          {
            file: NANOCLAW_DB,
            find: NANOCLAW_BEGIN,
            replace: `connection().pragma('busy_timeout = ${ms}');\n  ${NANOCLAW_BEGIN}`,
          },
        ],
        'oracle-v2': [
          {
            file: ORACLE_DB,
            find: ORACLE_RAW_BEGIN,
            replace: `sqlite.pragma('busy_timeout = ${ms}');\n  ${ORACLE_RAW_BEGIN}`,
          },
        ],
      },
      expected: 'no-busy',
      exposure: exposedBy('hold-lock'),
    }),
  ),
  {
    name: 'deferred-transactions',
    breaks: 'a transaction that reads before it writes begins as a reader, and no timeout covers its upgrade',
    edits: {
      nanoclaw: [{ file: NANOCLAW_DB, find: NANOCLAW_BEGIN, replace: 'return connection().transaction(work)();' }],
      'oracle-v2': [{ file: ORACLE_DB, find: ORACLE_BEGIN, replace: 'return db.transaction(work);' }],
    },
    expected: 'no-busy',
    exposure: exposedBy('contend'),
  },
  {
    name: 'deferred-raw-transactions',
    breaks: 'the transactions of the raw connection begin as readers',
    edits: {
      'oracle-v2': [
        {
          file: ORACLE_DB,
          find: ORACLE_RAW_BEGIN,
          replace: 'return sqlite.transaction(work)();',
        },
      ],
    },
    expected: 'no-busy',
    exposure: exposedBy('hold-lock'),
    equivalent:
      'the log of searches is all that uses them, and its first statement writes: it waits as BEGIN IMMEDIATE does',
  },
  {
    name: 'swallowed-busy',
    breaks: 'a refused transaction counts as done',
    edits: {
      nanoclaw: [
        {
          file: NANOCLAW_DB,
          find: NANOCLAW_BEGIN,
          replace: `try {
    return connection().transaction(work)();
  } catch (error) {
    if (isContention(error)) return undefined as T;
    throw error;
  }`,
        },
      ],
      'oracle-v2': [
        {
          file: ORACLE_DB,
          find: ORACLE_BEGIN,
          replace: `try {
    return db.transaction(work);
  } catch (error) {
    if (String((error as Error).cause ?? error).includes('locked')) return { id: 'unknown' } as T;
    throw error;
  }`,
        },
      ],
    },
    expected: 'no-busy',
    exposure: exposedBy('contend'),
  },
];

export const WAITING_RULES: readonly Rule[] = [...atOpen, ...inTransactions];
