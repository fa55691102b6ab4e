/** The service that the histories tell of. */
import type { PragmaPolicy, ProcessDefinition, ServiceDefinition } from '../../model/service.ts';

export const POLICY: PragmaPolicy = {
  journalMode: 'wal',
  busyTimeoutMs: 30_000,
  synchronous: 1,
  cacheSize: -20_000,
  foreignKeys: true,
};

const processNamed = (name: string): ProcessDefinition => ({
  name,
  entry: 'src/main.ts',
  env: {},
  port: 47_779,
  healthPath: '/health',
  servesTraffic: true,
  stopGraceMs: 5_000,
});

/** A service of two processes, `host` and `agent`, on `store/notes.db`. */
export const NOTES: ServiceDefinition = {
  name: 'notes',
  title: 'Notes',
  sourceDir: 'fixtures/notes',
  dbModule: 'src/db.ts',
  dbModuleExports: [],
  variants: {},
  controlVariant: 'unpatched',
  database: 'store/notes.db',
  policy: POLICY,
  promises: {
    answered: ['add-note'],
    searchable: { ops: ['add-note'], tables: ['notes_fts'], halves: 'SELECT 1 WHERE false' },
  },
  processes: [processNamed('host'), processNamed('agent')],
};
