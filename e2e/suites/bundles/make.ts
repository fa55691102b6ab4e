/**
 * Makes the failing bundles beside this file: `node e2e/suites/bundles/make.ts [name…]`. Real runs of the process engine
 * on db modules that are known to fail, then trimmed: logs and copies of the databases go, and of the calls those that
 * changed nothing and went well beyond the first few. The verdict of what is left is what the kept verdict.json says.
 */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judge } from '../../check/index.ts';
import { createProcessEngine } from '../../engine/process/engine.ts';
import { PROJECT_ROOT } from '../../engine/shared/project-root.ts';
import { faultsNamed } from '../../faults/named.ts';
import type { Demands } from '../../model/evidence.ts';
import type { FinalRead, Observation } from '../../model/observation.ts';
import type { Op } from '../../model/op.ts';
import { type FindingCode, mergeVerdicts } from '../../model/verdict.ts';
import { derive, writeOut } from '../../mutants/derive.ts';
import { mutantsNamed } from '../../mutants/index.ts';
import { silentProgress } from '../../progress.ts';
import { REPORT } from '../../report/html/page.ts';
import { formatSums, RECORDS, SUMS, sumOf } from '../../report/sums.ts';
import { serviceVerdict, type VerdictDocument } from '../../report/verdict-document.ts';
import { run } from '../../run.ts';
import { VERIFY } from '../../scenarios/verify.ts';
import { SERVICES } from '../../services/index.ts';

interface Recipe {
  name: string;
  service: string;
  /** The db module, relative to the project's root, or a mutant of it. */
  module: { file: string } | { mutant: string };
  seed: number;
  ratePerSecond: number;
  durationMs: number;
  faults: string;
  /** What the kept bundle must show. */
  codes: readonly FindingCode[];
}

export const RECIPES: readonly Recipe[] = [
  {
    name: 'nanoclaw-unpatched',
    service: 'nanoclaw',
    module: { file: 'fixtures/variants/nanoclaw/unpatched.ts' },
    seed: 21,
    ratePerSecond: 150,
    durationMs: 1_000,
    faults: 'none',
    codes: ['busy', 'journal-mode-not-wal', 'pragma-drift', 'sidecar-missing'],
  },
  {
    name: 'oracle-v2-seed-literal',
    service: 'oracle-v2',
    module: { file: 'fixtures/variants/oracle-v2/seed-literal.ts' },
    seed: 22,
    ratePerSecond: 0,
    durationMs: 6_000,
    faults: 'none',
    codes: ['busy-snapshot'],
  },
  {
    name: 'nanoclaw-swallowed-busy',
    service: 'nanoclaw',
    module: { mutant: 'nanoclaw/swallowed-busy' },
    seed: 23,
    ratePerSecond: 0,
    durationMs: 4_000,
    faults: 'none',
    codes: ['busy', 'lost-write'],
  },
];

/** Keys kept beside those that a finding may need; and calls that read. */
const KEYS_KEPT = 40;
const READS_KEPT = 20;
const ATTEMPTS = 10;

async function make(recipe: Recipe): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'walproof-bundle-'));
  try {
    const document = await recordUntilShown(recipe, scratch);
    const target = join(import.meta.dirname, recipe.name);
    await rm(target, { recursive: true, force: true });
    for (const name of await readdir(document.bundle)) {
      if (name === 'db' || name === 'logs' || name === 'junit.xml' || name === REPORT) continue;
      await cp(join(document.bundle, name), join(target, name));
    }
    await trim(target, document);
    console.log(`${recipe.name}: made`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Some of what a module does wrong depends on how its processes happen to meet. */
async function recordUntilShown(recipe: Recipe, outDir: string): Promise<VerdictDocument> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const document = await record(recipe, outDir);
    const codes = document.services.flatMap(({ checks }) =>
      checks.flatMap(({ findings }) => findings.map(({ code }) => code)),
    );
    console.log(`${recipe.name}, attempt ${attempt}: ${[...new Set(codes)].join(', ')}`);
    if (recipe.codes.every((code) => codes.includes(code))) return document;
  }
  throw new RangeError(`${recipe.name} did not show ${recipe.codes.join(', ')} in ${ATTEMPTS} runs`);
}

async function record(recipe: Recipe, outDir: string): Promise<VerdictDocument> {
  const service = SERVICES.find(({ definition }) => definition.name === recipe.service);
  if (service === undefined) throw new RangeError(`no service ${recipe.service}`);
  await using written = await writeOut('mutant' in recipe.module ? await mutated(recipe.module.mutant) : new Map());
  const [overlaid] = written.overlay.values();
  const file = 'file' in recipe.module ? join(PROJECT_ROOT, recipe.module.file) : (overlaid ?? '');
  return await run({
    scenario: {
      ...VERIFY,
      services: [service],
      traffic: { seed: recipe.seed, clients: 4, ratePerSecond: recipe.ratePerSecond },
      durationMs: recipe.durationMs,
      calmMs: 0,
      faults: faultsNamed(recipe.faults),
      control: null,
      exercised: { okOps: 20, okOpsAroundFault: 20 },
    },
    engine: createProcessEngine(),
    outDir,
    subjects: new Map([[recipe.service, { variant: recipe.name, file }]]),
    command: ['(made by e2e/suites/bundles/make.ts)'],
    progress: silentProgress,
    signal: new AbortController().signal,
  });
}

async function mutated(name: string): Promise<Map<string, string>> {
  const [mutant] = mutantsNamed(
    SERVICES.map(({ definition }) => definition.name),
    [name],
  );
  if (mutant === undefined) throw new RangeError(`no mutant ${name}`);
  return await derive(mutant);
}

async function trim(folder: string, document: VerdictDocument): Promise<void> {
  const ops = await linesOf<Op>(folder, 'history.jsonl');
  const observations = await linesOf<Observation>(folder, 'observations.jsonl');
  const kept = keysKept(ops, observations);
  let reads = 0;
  const fewerOps = ops.filter((op) =>
    op.key === undefined ? op.error !== undefined || reads++ < READS_KEPT : kept.has(op.key),
  );
  const fewerSeen = observations.map(
    (seen): Observation =>
      seen.kind === 'final-read' ? { ...seen, items: [...seen.items].filter(({ key }) => kept.has(key)) } : seen,
  );
  await writeLines(folder, 'history.jsonl', fewerOps);
  await writeLines(folder, 'observations.jsonl', fewerSeen);
  const run = JSON.parse(await readFile(join(folder, 'run.json'), 'utf8')) as RunFile;
  for (const { subject } of run.services) if (subject !== null) subject.file = '(see make.ts)';
  // Of no use to anybody but the machine that it was made on.
  await writeJson(folder, 'run.json', { ...run, gitCommit: null, versions: {}, machine: {} });
  const services = document.services.map(({ name, variant }) => {
    const service = SERVICES.find(({ definition }) => definition.name === name);
    if (service === undefined) throw new RangeError(`no service ${name}`);
    const demands = { ...run.demands, controlResult: null };
    const evidence = {
      service: service.definition,
      arm: 'subject' as const,
      variant,
      ops: fewerOps,
      observations: fewerSeen,
      demands,
    };
    return serviceVerdict(evidence, judge(evidence));
  });
  const verdict = mergeVerdicts(services.map((service) => service.verdict));
  await writeJson(folder, 'verdict.json', {
    ...document,
    bundle: '(trimmed by make.ts)',
    report: undefined,
    verdict,
    services,
  });
  const sums = await Promise.all(RECORDS.map(async (name) => [name, await sumOf(join(folder, name))] as const));
  await writeFile(join(folder, SUMS), formatSums(new Map(sums)));
}

interface RunFile {
  demands: Omit<Demands, 'controlResult'>;
  services: { subject: { file: string } | null }[];
}

/** The first keys of each kind of call, those with an error, and those that were not found once with what was sent. */
function keysKept(ops: readonly Op[], observations: readonly Observation[]): Set<string> {
  const reads = observations.filter((seen): seen is FinalRead => seen.kind === 'final-read');
  const found = new Map(reads.map(({ of, items }) => [of, new Map(Array.from(items, (item) => [item.key, item]))]));
  const kept = new Set<string>();
  const odd = new Set<string>();
  for (const { key, name, error, outcome } of ops) {
    if (key === undefined) continue;
    const isOdd = error !== undefined || (outcome === 'ok' && found.get(name)?.get(key)?.count !== 1);
    if (isOdd && odd.size < KEYS_KEPT) odd.add(key);
    if (!isOdd && kept.size < KEYS_KEPT) kept.add(key);
  }
  return new Set([...kept, ...odd]);
}

async function linesOf<T>(folder: string, name: string): Promise<T[]> {
  const text = await readFile(join(folder, name), 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T);
}

async function writeLines(folder: string, name: string, records: readonly unknown[]): Promise<void> {
  await writeFile(join(folder, name), records.map((record) => `${JSON.stringify(record)}\n`).join(''));
}

async function writeJson(folder: string, name: string, content: unknown): Promise<void> {
  await writeFile(join(folder, name), `${JSON.stringify(content, null, 2)}\n`);
}

if (import.meta.main) {
  const wanted = process.argv.slice(2);
  for (const recipe of RECIPES) if (wanted.length === 0 || wanted.includes(recipe.name)) await make(recipe);
}
