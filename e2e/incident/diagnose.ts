/** From what an operator brings to a diagnosis. The originals are read and never opened by SQLite: that works on private copies. */
import { join } from 'node:path';
import type { Inspection } from '../inspect/facts.ts';
import { inspect } from '../inspect/inspect.ts';
import type { Repro } from '../model/repro.ts';
import type { ServiceDefinition } from '../model/service.ts';
import { databaseAmong, type IncidentDatabase, privateCopy } from './databases.ts';
import { type LogsRead, readLogs } from './logs.ts';
import { type Nearest, nearestRepros } from './rank.ts';
import { type Recovered, recover } from './recovered.ts';
import { openSource } from './source.ts';
import { tracesIn } from './traces.ts';

export interface DiagnoseOptions {
  source: string;
  database: string | undefined;
  mostBytes: number;
  /** Private, and removed by whoever made it. */
  folder: string;
  services: readonly ServiceDefinition[];
  repros: readonly Repro[];
  signal: AbortSignal;
  say(line: string): void;
}

export interface Diagnosis {
  database: IncidentDatabase;
  inspection: Inspection;
  logs: LogsRead;
  recovered: Recovered;
  /** The same without the -wal: what a backup of the database file alone would have; null where there is none. */
  withoutWal: Recovered | null;
  service: { definition: ServiceDefinition; because: string } | null;
  nearest: Nearest[];
  skipped: string[];
}

/** Half of a service's own tables make it that service: old databases lack some. */
const LEAST_SHARE = 0.5;

export async function diagnose(options: DiagnoseOptions): Promise<Diagnosis> {
  const { source, folder, signal, say } = options;
  const incident = await openSource(source, join(folder, 'unpacked'), options.mostBytes);
  const database = await databaseAmong(incident, source, options.database);
  say(`database ${database.name}, with ${database.sidecars.length} files beside it`);
  const inspection = await inspect(await privateCopy(database, join(folder, 'looked-at')), async () => new Map(), true);
  const logs = await readLogs(incident.files);
  say(`${logs.files.length} logs with ${logs.lines} lines`);
  signal.throwIfAborted();
  const recovered = await recover(await privateCopy(database, join(folder, 'recovered')), signal);
  const hasWal = database.sidecars.some(({ name, bytes }) => name.endsWith('-wal') && bytes > 0);
  const bare = hasWal ? await privateCopy(database, join(folder, 'without-wal'), ['-wal', '-shm']) : null;
  const withoutWal = bare === null ? null : await recover(bare, signal);
  const nearest = nearestRepros(logs.symptoms, tracesIn(inspection, recovered), options.repros);
  return {
    database,
    inspection,
    logs,
    recovered,
    withoutWal,
    service: serviceOf(recovered, options.services),
    nearest,
    skipped: incident.skipped,
  };
}

function serviceOf({ tables }: Recovered, services: readonly ServiceDefinition[]): Diagnosis['service'] {
  const names = new Set(tables.map(({ name }) => name));
  const scored = services.map((definition) => {
    const { tables: own = [] } = definition;
    const present = own.filter((table) => names.has(table));
    return {
      definition,
      share: present.length / Math.max(1, own.length),
      because: `${present.length} of its ${own.length} tables are there`,
    };
  });
  const [best] = scored.toSorted((a, b) => b.share - a.share);
  return best === undefined || best.share < LEAST_SHARE ? null : { definition: best.definition, because: best.because };
}
