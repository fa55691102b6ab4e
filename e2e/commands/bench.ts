import { randomInt } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import Table from 'cli-table3';
import { type Change, compareBenches } from '../bench/compare.ts';
import type { BenchDocument, BenchRow, Limit, Load } from '../bench/document.ts';
import { type LimitWish, limitOf } from '../bench/limit/limit.ts';
import { LIMIT_CLIENTS } from '../bench/limit/service.ts';
import { limitText } from '../bench/limit/text.ts';
import { benchRow, READERS, WRITERS } from '../bench/patch.ts';
import { benchTable, cellsOf, withBench } from '../bench/record.ts';
import { chooseEngine } from '../engine/choose.ts';
import { dockerAvailability } from '../engine/docker/availability.ts';
import { createDockerEngine } from '../engine/docker/engine.ts';
import { createProcessEngine } from '../engine/process/engine.ts';
import { filesystemInWords } from '../engine/process/filesystem-type.ts';
import { PROJECT_ROOT } from '../engine/shared/project-root.ts';
import { EXIT, messageOf, WalproofError } from '../model/errors.ts';
import type { ServiceUnderTest } from '../model/scenario.ts';
import type { ServiceDefinition } from '../model/service.ts';
import type { Engine } from '../model/stack.ts';
import { stderrProgress } from '../progress.ts';
import { SERVICES } from '../services/index.ts';
import { VERSION } from '../version.ts';
import { done, type Outcome } from './outcome.ts';
import { servicesNamed } from './services-named.ts';

const RECORD = join(PROJECT_ROOT, 'e2e', 'bench', 'bench.json');
const README = join(PROJECT_ROOT, 'README.md');
/** What the services had before the patch. */
const RECORDED_VARIANT = 'unpatched';
const LOADS: Readonly<Record<BenchOptions['load'], readonly Load[]>> = {
  closed: ['closed'],
  fixed: ['fixed'],
  both: ['closed', 'fixed'],
  none: [],
};

export interface BenchOptions {
  engine?: string;
  pairs: number;
  duration: number;
  load: Load | 'both' | 'none';
  /** What the patched db module is measured against. */
  variant: string;
  limit: boolean;
  seed?: number;
  compare?: string;
  record?: boolean;
}

/** What `bench --json --compare` adds to the document. */
export interface ComparedBench extends BenchDocument {
  compared: { with: string; changes: Change[] } | null;
}

/**
 * `walproof bench`: what the patch buys, in pairs of runs. Exit 0 when it was measured; with `--compare` 1 when a ratio is worse than
 * in the older document by more than the noise of both.
 */
export async function bench(names: readonly string[], options: BenchOptions, signal: AbortSignal): Promise<Outcome> {
  const services = servicesNamed(names);
  if (options.record === true && services.length < SERVICES.length)
    throw new WalproofError('USAGE', 'the record is of all services', 'name no service, or leave --record out');
  if (options.load === 'none' && (options.record === true || !options.limit))
    throw new WalproofError('USAGE', 'without a load there is nothing to measure', 'leave out --load, or --no-limit');
  requireVariant(services, options);
  // Before anything runs: a name mistyped must not show after minutes.
  const older = options.compare === undefined ? null : await readBench(resolve(options.compare));
  const progress = stderrProgress();
  try {
    const say = (line: string) => progress.line(line);
    const definitions = services.map(({ definition }) => definition);
    const loads = LOADS[options.load];
    const engines = loads.length === 0 ? [] : await enginesOf(options.engine, definitions, say, signal);
    const seed = options.seed ?? randomInt(1, 0x7fffffff);
    const { pairs, duration: durationMs } = options;
    say(`seed ${seed} · node ${process.version} · ${pairs} pairs of ${durationMs / 1_000} s each`);
    const rows: BenchRow[] = [];
    for (const engine of engines) {
      for (const line of await engine.removeLeftovers()) say(`left by an earlier run: ${line}`);
      await engine.prepare(definitions, say, signal);
      for (const service of services)
        for (const load of loads)
          rows.push(
            await benchRow({ service, engine, variant: options.variant, load, pairs, durationMs, seed, say, signal }),
          );
    }
    const limits = options.limit ? await limitsOf(services, { pairs, durationMs, seed, say, signal }) : [];
    const document = { ...(await documentOf(rows, seed, durationMs)), ...(limits.length === 0 ? {} : { limits }) };
    if (options.record === true) await record(document);
    const changes = older === null ? [] : compareBenches(older, document);
    const compared = options.compare === undefined ? null : { with: resolve(options.compare), changes };
    const worse = changes.some(({ change }) => change === 'worse');
    return done(worse ? EXIT.fail : EXIT.pass, textOf(document, compared), { ...document, compared });
  } finally {
    progress.end();
  }
}

function requireVariant(services: readonly ServiceUnderTest[], { variant, record }: BenchOptions): void {
  if (record === true && variant !== RECORDED_VARIANT)
    throw new WalproofError('USAGE', `the record is against ${RECORDED_VARIANT}`, 'leave out --variant, or --record');
  for (const { definition } of services) {
    if (definition.variants[variant] !== undefined) continue;
    const known = Object.keys(definition.variants).join(', ');
    throw new WalproofError(
      'USAGE',
      `expected ${definition.name} to have a variant ${variant}, it has ${known}`,
      'name one of these, or another service',
    );
  }
}

/** Without a wish every engine that can serve. */
async function enginesOf(
  wish: string | undefined,
  services: readonly ServiceDefinition[],
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<Engine[]> {
  if (wish !== undefined) return [await chooseEngine(wish, services, say, signal)];
  const docker = await dockerAvailability();
  if (!docker.ok) say(`engine process alone: ${docker.reason}`);
  return [createProcessEngine(), ...(docker.ok ? [createDockerEngine()] : [])];
}

/** Without containers: what is asked is how far a service is from its database, on the machine as it is. */
async function limitsOf(
  services: readonly ServiceUnderTest[],
  wish: Pick<LimitWish, 'pairs' | 'durationMs' | 'seed' | 'say' | 'signal'>,
): Promise<Limit[]> {
  const engine = createProcessEngine();
  const definitions = services.map(({ definition }) => definition);
  for (const line of await engine.removeLeftovers()) wish.say(`left by an earlier run: ${line}`);
  await engine.prepare(definitions, wish.say, wish.signal);
  const limits: Limit[] = [];
  for (const service of services)
    limits.push(await limitOf({ ...wish, service, engine, clients: LIMIT_CLIENTS, processes: WRITERS }));
  return limits;
}

async function documentOf(rows: BenchRow[], seed: number, durationMs: number): Promise<BenchDocument> {
  return {
    schemaVersion: 1,
    tool: 'walproof',
    version: VERSION,
    startedAt: new Date().toISOString(),
    machine: {
      cores: availableParallelism(),
      node: process.version,
      platform: process.platform,
      filesystem: await filesystemInWords(tmpdir()),
    },
    seed,
    clients: { writers: WRITERS, readers: READERS },
    seconds: durationMs / 1_000,
    rows,
  };
}

async function readBench(file: string): Promise<BenchDocument> {
  const next = 'name a file that bench --json wrote';
  let document: Partial<BenchDocument>;
  try {
    document = JSON.parse(await readFile(file, 'utf8')) as Partial<BenchDocument>;
  } catch (error) {
    throw new WalproofError('USAGE', `${file} cannot be compared with: ${messageOf(error)}`, next, { cause: error });
  }
  if (document?.tool === 'walproof' && document.schemaVersion === 1 && Array.isArray(document.rows))
    return document as BenchDocument;
  throw new WalproofError('USAGE', `expected ${file} to be a bench of schemaVersion 1, it is not`, next);
}

async function record(document: BenchDocument): Promise<void> {
  await writeFile(RECORD, `${JSON.stringify(document, null, 2)}\n`);
  await writeFile(README, withBench(await readFile(README, 'utf8'), benchTable(document)));
}

function textOf({ rows, limits = [] }: BenchDocument, compared: ComparedBench['compared']): string {
  const head = ['service, engine, load', 'writes', 'reads', 'write p99', 'writes/s', 'refused'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const row of rows) table.push(cellsOf(row));
  const moved = (compared?.changes ?? []).map(
    ({ service, engine, load, ratio, before, now, change }) =>
      `${change}: ${service} ${engine} ${load} ${ratio}, ${before.median.toFixed(2)} then, ${now.median.toFixed(2)} now`,
  );
  const measured =
    rows.length === 0 ? [] : [table.toString(), 'patched against plain; the ratios are medians of pairs'];
  return [...measured, ...moved, ...limits.map(limitText), ''].join('\n');
}
