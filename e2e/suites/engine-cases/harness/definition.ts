import type { ProcessDefinition, ServiceDefinition } from '../../../model/service.ts';

export const TINY_DIR = 'e2e/suites/tiny-service';

export type TinyMode = 'plain' | 'shared' | 'crash' | 'unhealthy' | 'stubborn';

/** A service of the given processes on one database; the name is always the same, so an engine needs one image only. */
export function tinyService(modes: Readonly<Record<string, TinyMode>>): ServiceDefinition {
  return {
    name: 'tiny',
    title: 'Tiny service',
    sourceDir: TINY_DIR,
    dbModule: 'src/db.ts',
    dbModuleExports: ['variant', 'openDatabase'],
    variants: { plain: `${TINY_DIR}/variants/plain.ts` },
    controlVariant: 'plain',
    database: 'store/tiny.db',
    policy: { journalMode: 'wal', busyTimeoutMs: 10_000, synchronous: 1, cacheSize: -16_000, foreignKeys: true },
    processes: Object.entries(modes).map(([name, mode]) => tinyProcess(name, mode)),
  };
}

function tinyProcess(name: string, mode: TinyMode): ProcessDefinition {
  return {
    name,
    entry: 'src/main.ts',
    env: { TINY_DATA: '{data}', TINY_PORT: '{port}', TINY_PROCESS: '{process}', TINY_MODE: mode },
    port: 8080,
    healthPath: '/health',
    servesTraffic: true,
    stopGraceMs: mode === 'stubborn' ? 1_000 : 10_000,
  };
}
