/** What a report says of how a run came about. Bundles of older versions lack some of it, so everything may be missing. */
import { z } from 'zod';

const step = z.object({ fault: z.string(), times: z.number().nullable(), everyMs: z.number().nullable() });

const schema = z.object({
  version: z.string(),
  startedAt: z.string().nullable().catch(null),
  command: z.array(z.string()).catch([]),
  gitCommit: z.string().nullable().catch(null),
  scenario: z.string(),
  claim: z.string().nullable().catch(null),
  seed: z.int(),
  engine: z.string(),
  options: z
    .object({
      clients: z.number().nullable().catch(null),
      ratePerSecond: z.number().nullable().catch(null),
      durationMs: z.number().nullable().catch(null),
      control: z.unknown(),
      sideBySide: z.boolean().nullable().catch(null),
      failFast: z.boolean().catch(false),
      schedule: z.array(step).nullable().catch(null),
    })
    .catch({
      clients: null,
      ratePerSecond: null,
      durationMs: null,
      control: null,
      sideBySide: null,
      failFast: false,
      schedule: null,
    }),
  versions: z.record(z.string(), z.unknown()).catch({}),
  machine: z.record(z.string(), z.unknown()).catch({}),
  services: z
    .array(
      z.object({
        name: z.string(),
        title: z.string().nullable().catch(null),
        database: z.string().nullable().catch(null),
        policy: z.record(z.string(), z.unknown()).catch({}),
        subject: z
          .object({ variant: z.string(), file: z.string().nullable().catch(null) })
          .nullable()
          .catch(null),
        opSequenceHash: z.string().nullable().catch(null),
      }),
    )
    .catch([]),
});

export type RunFacts = z.infer<typeof schema>;

/** From `run.json`, or from what is about to be written as it. */
export function runFacts(record: unknown): RunFacts {
  return schema.parse(record);
}
