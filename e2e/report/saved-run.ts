/** A run bundle read back: what its verdict rests on, checked to be whole and as it was written. */
import { createReadStream } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { messageOf, WalproofError } from '../model/errors.ts';
import type { Observation } from '../model/observation.ts';
import type { Arm, Op } from '../model/op.ts';
import type { ServiceDefinition } from '../model/service.ts';
import { STAGE_KINDS } from '../model/timeline.ts';
import { parseSums, type RecordName, SUMS, sumOf } from './sums.ts';
import type { VerdictDocument } from './verdict-document.ts';

/** Of run.json and verdict.json. */
const SCHEMA_VERSION = 1;

const runSchema = z.looseObject({
  scenario: z.string(),
  seed: z.int(),
  engine: z.enum(['docker', 'process']),
  version: z.string(),
  options: z.looseObject({ control: z.unknown() }),
  demands: z.object({
    okOps: z.number(),
    okOpsAroundFault: z.number(),
    faults: z.array(z.string()),
    control: z.boolean(),
    crashImages: z.object({ least: z.number() }).optional(),
  }),
  services: z.array(
    z.looseObject({
      name: z.string(),
      database: z.string(),
      controlVariant: z.string(),
      policy: z.looseObject({ journalMode: z.string(), busyTimeoutMs: z.number() }),
      processes: z.array(z.looseObject({ name: z.string() })),
      subject: z.looseObject({ variant: z.string() }).nullable(),
    }),
  ),
});
const verdictSchema = z.looseObject({
  verdict: z.enum(['pass', 'fail', 'unknown']),
  services: z.array(z.unknown()),
  stoppedBy: z
    .object({ service: z.string(), check: z.string(), code: z.string(), atMs: z.number() })
    .optional()
    .catch(undefined),
  timeline: z
    .array(z.looseObject({ kind: z.enum(STAGE_KINDS), what: z.string(), fromMs: z.number(), untilMs: z.number() }))
    .optional()
    .catch(undefined),
});
const opSchema = z.looseObject({
  arm: z.enum(['control', 'subject']),
  service: z.string(),
  index: z.int(),
  client: z.string(),
  kind: z.enum(['write', 'update', 'read']),
  name: z.string(),
  calledAtMs: z.number(),
  returnedAtMs: z.number(),
  outcome: z.enum(['ok', 'fail', 'info']),
});
const seenSchema = z.looseObject({
  arm: z.enum(['control', 'subject']),
  service: z.string(),
  kind: z.string(),
  atMs: z.number(),
});

export type RunDocument = z.infer<typeof runSchema>;

export class SavedRun {
  readonly path: string;
  readonly run: RunDocument;
  /** As the run wrote it. */
  readonly verdict: VerdictDocument;
  readonly #files: ReadonlySet<RecordName>;

  private constructor(path: string, run: RunDocument, verdict: VerdictDocument, files: ReadonlySet<RecordName>) {
    this.path = path;
    this.run = run;
    this.verdict = verdict;
    this.#files = files;
  }

  /** Throws BUNDLE_MISSING, BUNDLE_TRUNCATED, BUNDLE_TOO_NEW, BUNDLE_ALTERED or BUNDLE_BROKEN. */
  static async open(path: string): Promise<SavedRun> {
    const run = await document(path, 'run.json');
    if (run === null) throw missing(path);
    const sums = await sumsOf(path);
    const verdict = await document(path, 'verdict.json');
    if (verdict === null) throw truncated(path, 'verdict.json is missing');
    for (const [name, sum] of sums) await requireIntact(path, name, sum);
    // What verdict.json holds besides is only compared, field by field, with what is found now.
    return new SavedRun(
      path,
      shaped(runSchema, run, path, 'run.json'),
      shaped(verdictSchema, verdict, path, 'verdict.json') as unknown as VerdictDocument,
      new Set(sums.keys()),
    );
  }

  /** The definitions of the services, as they were. */
  get services(): ServiceDefinition[] {
    // Checkers read of it what the schema asks for, and optional fields.
    return this.run.services as unknown as ServiceDefinition[];
  }

  /** Everything recorded of one service in one arm; the files are read line by line, so one arm at a time is in memory. */
  async records(service: string, arm: Arm): Promise<{ ops: Op[]; observations: Observation[] }> {
    const own = (record: { service: string; arm: Arm }) => record.service === service && record.arm === arm;
    return {
      ops: (await this.#lines('history.jsonl', opSchema, own)) as unknown as Op[],
      observations: (await this.#lines('observations.jsonl', seenSchema, own)) as unknown as Observation[],
    };
  }

  async #lines<T>(name: RecordName, schema: z.ZodType<T>, wanted: (record: T) => boolean): Promise<T[]> {
    // Without a single call there is no history.
    if (!this.#files.has(name)) return [];
    const kept: T[] = [];
    let number = 0;
    for await (const line of createInterface({ input: createReadStream(join(this.path, name)) })) {
      number++;
      const record = shaped(
        schema,
        parsed(line, this.path, `line ${number} of ${name}`),
        this.path,
        `line ${number} of ${name}`,
      );
      if (wanted(record)) kept.push(record);
    }
    return kept;
  }
}

/** A JSON file of the bundle whose version can be read; null when it is missing. */
async function document(path: string, name: RecordName): Promise<unknown> {
  const text = await readFile(join(path, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw missing(path, error);
  });
  if (text === null) return null;
  const content = parsed(text, path, name) as { tool?: unknown; schemaVersion?: unknown } | null;
  if (content?.tool !== 'walproof') throw missing(path);
  const { schemaVersion } = content;
  if (typeof schemaVersion === 'number' && schemaVersion > SCHEMA_VERSION) {
    throw new WalproofError(
      'BUNDLE_TOO_NEW',
      `expected ${name} of ${path} to have schemaVersion ${SCHEMA_VERSION} or lower, seen ${schemaVersion}`,
      'judge it with the walproof that wrote it, or a newer one; run.json names the version',
    );
  }
  return content;
}

async function sumsOf(path: string): Promise<Map<RecordName, string>> {
  const text = await readFile(join(path, SUMS), 'utf8').catch(absent(path, SUMS));
  if (text === null) throw truncated(path, `${SUMS} is missing, so the run did not come to its end`);
  const sums = parseSums(text);
  if (sums === null || !sums.has('run.json') || !sums.has('verdict.json')) throw altered(path, SUMS);
  return sums;
}

async function requireIntact(path: string, name: RecordName, sum: string): Promise<void> {
  const file = join(path, name);
  const facts = await stat(file).catch(absent(path, name));
  if (facts === null) throw truncated(path, `${name} is missing`);
  if (!(await endsWithLine(file, facts.size))) throw truncated(path, `the last line of ${name} is not complete`);
  if ((await sumOf(file)) !== sum) throw altered(path, name);
}

async function endsWithLine(file: string, bytes: number): Promise<boolean> {
  if (bytes === 0) return false;
  const handle = await open(file, 'r');
  try {
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, bytes - 1);
    return buffer[0] === 0x0a;
  } finally {
    await handle.close();
  }
}

function parsed(text: string, path: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw truncated(path, `${what} is not complete JSON (${messageOf(error)})`);
  }
}

function shaped<T>(schema: z.ZodType<T>, content: unknown, path: string, what: string): T {
  const result = schema.safeParse(content);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new WalproofError(
    'BUNDLE_BROKEN',
    `expected ${what} of ${path} to be what a run records, but ${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'is not'}`,
    'judge another bundle, or make this run again: run.json has its seed and options',
  );
}

/** A file that is not there is null; one that is there and cannot be read is not to be called missing. */
function absent(path: string, name: string): (error: unknown) => null {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new WalproofError(
      'BUNDLE_BROKEN',
      `expected to read ${name} of ${path}, but ${messageOf(error)}`,
      'make it readable, or copy the bundle again',
      { cause: error },
    );
  };
}

function missing(path: string, cause?: unknown): WalproofError {
  return new WalproofError(
    'BUNDLE_MISSING',
    `expected a run bundle at ${path}, seen no folder with a run.json of walproof`,
    'name a folder that a run left behind, e.g. runs/latest',
    { cause },
  );
}

function truncated(path: string, seen: string): WalproofError {
  return new WalproofError(
    'BUNDLE_TRUNCATED',
    `expected the whole bundle of a finished run at ${path}, but ${seen}`,
    'copy the bundle again, or make the run again: run.json has its seed and options',
  );
}

function altered(path: string, name: string): WalproofError {
  return new WalproofError(
    'BUNDLE_ALTERED',
    `expected ${name} of ${path} as the run wrote it, but its SHA-256 is another: it was edited or cut`,
    `nothing can be concluded from it; cd ${path} && sha256sum -c ${SUMS} shows which records are as they were`,
  );
}
