/**
 * One run, from stacks to verdict: the control variant first, which must fail; then the db module under judgement, under
 * the same traffic and seed; then the checkers over what was recorded; and a bundle that holds all of it.
 */
import { join } from 'node:path';
import { type ArmPlan, runArm } from './arm.ts';
import { CHECKERS, judge } from './check/index.ts';
import { controlResultOf } from './check/summary.ts';
import { PROJECT_ROOT } from './engine/shared/project-root.ts';
import { newRunId } from './engine/shared/run-id.ts';
import type { ControlResult, Demands, Evidence } from './model/evidence.ts';
import type { Arm } from './model/op.ts';
import type { Scenario, ServiceUnderTest } from './model/scenario.ts';
import type { Engine } from './model/stack.ts';
import { mergeVerdicts } from './model/verdict.ts';
import type { Progress } from './progress.ts';
import { Bundle } from './report/bundle.ts';
import { REPORT, reportPage } from './report/html/page.ts';
import { runFacts } from './report/html/run-facts.ts';
import { type Side, sideOf } from './report/html/side.ts';
import { junit } from './report/junit.ts';
import { demandsOf, runRecord } from './report/run-record.ts';
import { serviceVerdict, type VerdictDocument } from './report/verdict-document.ts';
import { VERSION } from './version.ts';

export interface RunOptions {
  scenario: Scenario;
  engine: Engine;
  /** Absolute path of the folder that holds the bundles. */
  outDir: string;
  /** The db module under judgement by service name; the patched one where there is none. */
  subjects: ReadonlyMap<string, { variant: string; file: string }>;
  /** How the user asked for it, for the record. */
  command: readonly string[];
  progress: Progress;
  signal: AbortSignal;
}

export async function run(options: RunOptions): Promise<VerdictDocument> {
  const { scenario, signal } = options;
  await using bundle = await Bundle.create(options.outDir, scenario.name, scenario.traffic.seed);
  try {
    return await runInto(bundle, { ...options, signal: AbortSignal.any([signal, bundle.broken]) });
  } catch (error) {
    // Whatever broke while the run was being ended, that the bundle could not be written is what the user should read.
    throw bundle.broken.aborted && !signal.aborted ? bundle.broken.reason : error;
  }
}

async function runInto(bundle: Bundle, options: RunOptions): Promise<VerdictDocument> {
  const { scenario, engine, progress } = options;
  const startedAt = performance.now();
  const record = await runRecord(options);
  await bundle.json('run.json', record);

  const arms = new Arms(options, bundle, startedAt);
  await engine.prepare(
    scenario.services.map((service) => service.definition),
    (line) => progress.line(line),
    options.signal,
  );
  const controls: Map<string, Control> =
    scenario.control === null ? new Map() : await arms.controls(scenario.control.durationMs);
  const subjects = await arms.subjects(controls);

  const judged = subjects.map((evidence) => ({ evidence, checks: judge(evidence) }));
  const services = judged.map(({ evidence, checks }) => serviceVerdict(evidence, checks));
  const document: VerdictDocument = {
    schemaVersion: 1,
    tool: 'walproof',
    version: VERSION,
    verdict: mergeVerdicts(services.map((service) => service.verdict)),
    seed: scenario.traffic.seed,
    engine: engine.name,
    durationMs: Math.round(performance.now() - startedAt),
    bundle: bundle.path,
    report: join(bundle.path, REPORT),
    services,
  };
  await bundle.json('verdict.json', document);
  await bundle.text('junit.xml', junit(document));
  const page = await reportPage({
    run: runFacts(record),
    document,
    subjects: judged.map(({ evidence, checks }) => sideOf(evidence, checks)),
    controls: [...controls.values()].map(({ side }) => side),
    claims: new Map(CHECKERS.map(({ name, claim }) => [name, claim])),
  });
  await bundle.text(REPORT, page);
  await bundle.close();
  return document;
}

/** All that is kept of a control: its calls and observations are in the bundle, and go from memory with it. */
interface Control {
  result: ControlResult;
  side: Side;
}

/** Runs the arms of a run. */
class Arms {
  readonly #options: RunOptions;
  readonly #bundle: Bundle;
  readonly #startedAt: number;
  readonly #runId = newRunId();

  constructor(options: RunOptions, bundle: Bundle, startedAt: number) {
    this.#options = options;
    this.#bundle = bundle;
    this.#startedAt = startedAt;
  }

  /** What the control variant of each service showed. Side by side: a control only has to be refused, not to be fast. */
  async controls(durationMs: number): Promise<Map<string, Control>> {
    const demands: Demands = { okOps: 0, okOpsAroundFault: 0, faults: [], control: false, controlResult: null };
    const results = await this.#sideBySide(async (service, signal) => {
      const { controlVariant: variant, variants, name } = service.definition;
      const file = variants[variant];
      if (file === undefined) throw new RangeError(`${name} names a control variant that it does not have: ${variant}`);
      const dbModule = join(PROJECT_ROOT, file);
      const wish = { variant, dbModule, durationMs, calmMs: 0, faults: [], demands };
      const evidence = await this.#run('control', service, wish, signal);
      return [name, { result: controlResultOf(evidence), side: sideOf(evidence) }] as const;
    });
    return new Map(results);
  }

  /** The evidence on the db module under judgement of each service. */
  async subjects(controls: ReadonlyMap<string, Control>): Promise<Evidence[]> {
    const { scenario, subjects, signal } = this.#options;
    const { faults, durationMs, calmMs } = scenario;
    const judged = (service: ServiceUnderTest, stopOn: AbortSignal): Promise<Evidence> => {
      const { name } = service.definition;
      const { variant, file } = subjects.get(name) ?? { variant: 'patched', file: null };
      const demands: Demands = { ...demandsOf(scenario), controlResult: controls.get(name)?.result ?? null };
      return this.#run('subject', service, { variant, dbModule: file, durationMs, calmMs, faults, demands }, stopOn);
    };
    if (scenario.sideBySide) return await this.#sideBySide(judged);
    const evidences: Evidence[] = [];
    for (const service of scenario.services) evidences.push(await judged(service, signal));
    return evidences;
  }

  /** All services at once. One arm that breaks must not leave the others running behind its back. */
  async #sideBySide<T>(work: (service: ServiceUnderTest, signal: AbortSignal) => Promise<T>): Promise<T[]> {
    const { scenario, signal } = this.#options;
    const broken = new AbortController();
    const running = scenario.services.map(async (service) => {
      try {
        return await work(service, AbortSignal.any([signal, broken.signal]));
      } catch (error) {
        broken.abort(error);
        throw error;
      }
    });
    await Promise.allSettled(running);
    broken.signal.throwIfAborted();
    return await Promise.all(running);
  }

  #run(
    arm: Arm,
    service: ServiceUnderTest,
    wish: Pick<ArmPlan, 'variant' | 'dbModule' | 'durationMs' | 'calmMs' | 'faults' | 'demands'>,
    signal: AbortSignal,
  ): Promise<Evidence> {
    const { scenario, engine, progress } = this.#options;
    return runArm({
      ...wish,
      arm,
      service,
      engine,
      runId: this.#runId,
      traffic: scenario.traffic,
      sink: this.#bundle,
      startedAt: this.#startedAt,
      signal,
      onStage: (stage, recorder) => progress.stage(recorder, stage),
    });
  }
}
