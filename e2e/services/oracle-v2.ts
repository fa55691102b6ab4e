import type { ProcessDefinition, ServiceDefinition } from '../model/service.ts';

const server = (name: string): ProcessDefinition => ({
  name,
  entry: 'src/main.ts',
  env: { ORACLE_PORT: '{port}', ORACLE_DATA_DIR: '{data}' },
  port: 47_778,
  healthPath: '/api/health',
  servesTraffic: true,
  stopGraceMs: 10_000,
});

const indexer = (name: string): ProcessDefinition => ({
  name,
  entry: 'src/indexer.ts',
  // Upstream scans every few minutes; a run of seconds needs an indexer that works all the while.
  env: { INDEXER_PORT: '{port}', ORACLE_DATA_DIR: '{data}', INDEX_INTERVAL: '500' },
  port: 47_782,
  healthPath: '/health',
  servesTraffic: false,
  stopGraceMs: 10_000,
});

/** Two servers and two indexers on one file: four writing processes, as when JellyCore scales both containers. */
export const oracleV2: ServiceDefinition = {
  name: 'oracle-v2',
  title: 'Oracle V2',
  sourceDir: 'fixtures/oracle-v2',
  dbModule: 'src/server/db.ts',
  dbModuleExports: [
    'openDatabase',
    'createDatabase',
    'writeTransaction',
    'drizzleTransaction',
    'migrateDatabase',
    'closeDatabase',
  ],
  variants: {
    patched: 'fixtures/oracle-v2/src/server/db.ts',
    unpatched: 'fixtures/variants/oracle-v2/unpatched.ts',
    'seed-literal': 'fixtures/variants/oracle-v2/seed-literal.ts',
    'masks-lock-errors': 'fixtures/variants/oracle-v2/masks-lock-errors.ts',
  },
  controlVariant: 'unpatched',
  database: 'oracle.db',
  policy: { journalMode: 'wal', busyTimeoutMs: 30_000, synchronous: 1, cacheSize: -20_000, foreignKeys: true },
  tables: [
    'oracle_documents',
    'oracle_fts',
    'indexing_status',
    'search_log',
    'learn_log',
    'document_access',
    'forum_threads',
    'forum_messages',
    'settings',
  ],
  promises: {
    searchable: {
      ops: ['learn'],
      tables: ['oracle_fts'],
      // FTS5 keeps a row per document in its docsize table, whatever the text.
      halves: `
        SELECT id FROM oracle_documents
        WHERE fts_rowid IS NULL OR fts_rowid NOT IN (SELECT id FROM oracle_fts_docsize)
        UNION ALL
        SELECT id FROM oracle_fts_docsize
        WHERE id NOT IN (SELECT fts_rowid FROM oracle_documents WHERE fts_rowid IS NOT NULL)`,
    },
  },
  // The traffic's key is the first word of the text.
  keys: [{ of: 'learn', sql: "SELECT substr(c1, 1, instr(c1 || ' ', ' ') - 1) FROM oracle_fts_content ORDER BY id" }],
  processes: [server('oracle-1'), server('oracle-2'), indexer('indexer-1'), indexer('indexer-2')],
};
