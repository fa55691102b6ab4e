import { z } from 'zod';

/** The seeded traffic on services whose addresses are given. */
export interface TrafficSettings {
  host: string;
  port: number;
  seed: number;
  clients: number;
  /** Calls per second and service. */
  ratePerSecond: number;
  /** Addresses of the processes that take calls, by service. */
  targets: Record<string, string[]>;
}

const whole = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

const schema = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: whole(0, 65_535).default(47_783),
  TRAFFIC_SEED: whole(0, 0x7fffffff).default(1),
  TRAFFIC_CLIENTS: whole(1, 64).default(4),
  /** Gentle, so that a day of it does not fill a disk. */
  TRAFFIC_RATE: whole(1, 10_000).default(60),
  TRAFFIC_TARGETS: z
    .string('expected JSON: service to addresses')
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue('expected JSON: service to addresses');
        return z.NEVER;
      }
    })
    .pipe(z.record(z.string(), z.array(z.url()).min(1))),
});

/** The settings by environment; throws a line that names what is wrong. */
export function readTrafficSettings(env: NodeJS.ProcessEnv): TrafficSettings {
  const parsed = schema.safeParse(env);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new Error(`environment ${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { HOST, PORT, TRAFFIC_SEED, TRAFFIC_CLIENTS, TRAFFIC_RATE, TRAFFIC_TARGETS } = parsed.data;
  return {
    host: HOST,
    port: PORT,
    seed: TRAFFIC_SEED,
    clients: TRAFFIC_CLIENTS,
    ratePerSecond: TRAFFIC_RATE,
    targets: TRAFFIC_TARGETS,
  };
}
