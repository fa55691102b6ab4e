import { z } from 'zod';
import type { ServiceDefinition } from '../model/service.ts';
import { nanoclaw } from '../services/nanoclaw.ts';
import { oracleV2 } from '../services/oracle-v2.ts';

const KNOWN: readonly ServiceDefinition[] = [nanoclaw, oracleV2];

const watch = z.object({
  services: z
    .array(
      z.object({
        name: z.enum(KNOWN.map(({ name }) => name)),
        /** The database file as the observer sees it. */
        database: z.string().min(1),
        processes: z
          .array(z.object({ name: z.string().min(1).max(64), url: z.url(), healthPath: z.string().startsWith('/') }))
          .min(1),
      }),
    )
    .min(1),
  /** Where the traffic container tells its counts. */
  trafficUrl: z.url().nullable().default(null),
});

export interface WatchedProcess {
  name: string;
  url: string;
  healthPath: string;
}

export interface WatchedService {
  definition: ServiceDefinition;
  database: string;
  processes: readonly WatchedProcess[];
}

export interface Settings {
  host: string;
  port: number;
  services: readonly WatchedService[];
  trafficUrl: string | null;
  controlPort: number | null;
}

/** The settings by environment; throws a line that names what is wrong. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const { services, trafficUrl } = read('OBSERVER_WATCH', watch, parseJson(env['OBSERVER_WATCH'] ?? ''));
  const port = z.coerce.number().int().min(0).max(65_535);
  const controlPort = env['OBSERVER_CONTROL_PORT'] || null;
  return {
    host: env['HOST'] ?? '127.0.0.1',
    port: read('PORT', port, env['PORT'] ?? '47780'),
    services: services.map(({ name, ...service }) => ({ definition: definitionOf(name), ...service })),
    trafficUrl,
    controlPort: controlPort === null ? null : read('OBSERVER_CONTROL_PORT', port, controlPort),
  };
}

function definitionOf(name: string): ServiceDefinition {
  const found = KNOWN.find((known) => known.name === name);
  if (found === undefined) throw new RangeError(`no service ${name}`);
  return found;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('environment OBSERVER_WATCH: expected JSON that says what to watch, as docker-compose.yml has it');
  }
}

function read<T>(name: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Error(`environment ${[name, ...(issue?.path ?? [])].join('.')}: ${issue?.message ?? 'is not valid'}`);
}
