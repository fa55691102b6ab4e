/** Every mutant in turn, after the unchanged services have passed the same scenarios. */
import type { ServiceUnderTest } from '../model/scenario.ts';
import type { Engine } from '../model/stack.ts';
import type { Verdict } from '../model/verdict.ts';
import { type BaselineResult, detectionOf, type MutantResult, type MutationDocument } from '../report/mutant-matrix.ts';
import { SERVICES } from '../services/index.ts';
import { VERSION } from '../version.ts';
import { derive, writeOut } from './derive.ts';
import { proofOf } from './equivalence.ts';
import { type Exposed, expose } from './expose.ts';
import type { Exposure, Mutant, StartKind } from './rule.ts';

export interface MatrixOptions {
  mutants: readonly Mutant[];
  engine: Engine;
  seed: number;
  say(line: string): void;
  signal: AbortSignal;
}

interface Baseline {
  result: BaselineResult;
  exposed: Exposed;
}

export async function runMatrix(options: MatrixOptions): Promise<MutationDocument> {
  const { mutants, engine, seed, say } = options;
  const startedAt = performance.now();
  // All of them first: a rule that has become stale must not show only after minutes.
  const sources = await Promise.all(mutants.map(derive));
  const services = SERVICES.filter(({ definition }) => mutants.some(({ service }) => service.name === definition.name));
  await engine.prepare(
    services.map(({ definition }) => definition),
    say,
  );
  const baseline: BaselineResult[] = [];
  const results: MutantResult[] = [];
  for (const service of services) {
    const own = mutants.filter((mutant) => mutant.service.name === service.definition.name);
    const baselines = await runBaselines(service, own, options);
    baseline.push(...baselines.map(({ result }) => result));
    if (baselines.some(({ result }) => result.verdict !== 'pass')) continue;
    for (const mutant of own) {
      const changed = sources[mutants.indexOf(mutant)] as Map<string, string>;
      const result = await runMutant(service, mutant, changed, baselines, options);
      results.push(result);
      say(`${result.name}: ${result.status} ${result.finding ?? ''} ${result.seconds.toFixed(1)} s (${result.stage})`);
    }
  }
  return documentOf({ engine, seed, baseline, results, durationMs: performance.now() - startedAt });
}

/** What the unchanged service shows: all probes of its mutants in one run, and each way of starting in another. */
async function runBaselines(
  service: ServiceUnderTest,
  mutants: readonly Mutant[],
  options: MatrixOptions,
): Promise<Baseline[]> {
  const starts = [...new Set(mutants.map(({ rule }) => rule.exposure.start))];
  const baselines: Baseline[] = [];
  for (const start of starts) {
    const same = mutants.filter(({ rule }) => rule.exposure.start === start);
    const exposure = { start, probes: [...new Set(same.flatMap(({ rule }) => rule.exposure.probes))] };
    const exposed = await expose({ ...options, service, overlay: new Map(), exposure });
    const result = baselineResult(service, exposure, exposed);
    options.say(
      `${result.service} unchanged, ${[start, ...exposure.probes].join(', ')}: ${result.verdict} ${result.seconds.toFixed(1)} s`,
    );
    baselines.push({ result, exposed });
  }
  return baselines;
}

function baselineResult(
  service: ServiceUnderTest,
  exposure: Exposure,
  { failing, seconds, evidence }: Exposed,
): BaselineResult {
  const findings = failing.flatMap(({ check, findings: own }) =>
    own.map(({ code, message }) => ({ check, code, message })),
  );
  const idle = evidence.observations.filter((seen) => seen.kind === 'fault' && !seen.tookEffect);
  for (const seen of idle)
    if (seen.kind === 'fault')
      findings.push({ check: 'exercised', code: 'not-exercised', message: `${seen.fault}: ${seen.proof}` });
  const verdict: Verdict = failing.length > 0 ? 'fail' : idle.length > 0 ? 'unknown' : 'pass';
  return { service: service.definition.name, ...exposure, verdict, seconds, findings };
}

async function runMutant(
  service: ServiceUnderTest,
  { name, rule }: Mutant,
  sources: ReadonlyMap<string, string>,
  baselines: readonly Baseline[],
  options: MatrixOptions,
): Promise<MutantResult> {
  await using written = await writeOut(sources);
  const { failing, seconds, stage, evidence } = await expose({
    ...options,
    service,
    overlay: written.overlay,
    exposure: rule.exposure,
  });
  const first = failing.find(({ check }) => check === rule.expected) ?? failing[0];
  const finding = first?.findings.find(({ code }) => code !== 'not-exercised');
  const same = baselines.find(({ result }) => result.start === (rule.exposure.start satisfies StartKind));
  const proof =
    first === undefined && rule.equivalent !== undefined && same !== undefined
      ? proofOf(rule.equivalent, same.exposed.evidence, evidence)
      : null;
  return {
    name,
    service: service.definition.name,
    rule: rule.name,
    breaks: rule.breaks,
    status: first !== undefined ? 'killed' : proof === null ? 'survived' : 'equivalent',
    check: first?.check ?? null,
    finding: finding?.code ?? null,
    message: finding?.message ?? null,
    expected: rule.expected,
    checks: Object.fromEntries(
      failing.map(({ check, findings }) => [check, [...new Set(findings.map(({ code }) => code))]]),
    ),
    stage,
    seconds,
    ...(proof === null ? {} : { proof }),
  };
}

interface MatrixOutcome {
  engine: Engine;
  seed: number;
  baseline: BaselineResult[];
  results: MutantResult[];
  durationMs: number;
}

function documentOf({ engine, seed, baseline, results, durationMs }: MatrixOutcome): MutationDocument {
  const count = (status: MutantResult['status']) => results.filter((result) => result.status === status).length;
  const [killed, survived, equivalent] = [count('killed'), count('survived'), count('equivalent')];
  const times = results
    .filter(({ status }) => status === 'killed')
    .map(({ seconds }) => seconds)
    .sort((a, b) => a - b);
  const sound = baseline.length > 0 && baseline.every(({ verdict }) => verdict === 'pass');
  return {
    schemaVersion: 1,
    tool: 'walproof',
    version: VERSION,
    verdict: !sound ? 'unknown' : survived > 0 ? 'fail' : 'pass',
    engine: engine.name,
    seed,
    durationSeconds: Math.round(durationMs) / 1000,
    baseline,
    totals: {
      mutants: results.length,
      killed,
      survived,
      equivalent,
      score: killed + survived === 0 ? 0 : Math.round((1000 * killed) / (killed + survived)) / 10,
      medianSeconds: times[Math.floor((times.length - 1) / 2)] ?? null,
      slowestSeconds: times.at(-1) ?? null,
    },
    detection: detectionOf(results),
    mutants: results,
  };
}
