/**
 * One run, from stacks to verdict: the control variant first, which must fail; then the db module under judgement, under
 * the same traffic and seed; then the checkers over what was recorded; and a bundle that holds all of it.
 */
import { join } from 'node:path';
import { type ArmPlan, runArm } from './arm.ts';
import { judge } from './check/index.ts';
import { countBusy, countLostWrites } from './check/summary.ts';
import { PROJECT_ROOT } from './engine/shared/project-root.ts';
import { newRunId } from './engine/shared/run-id.ts';
import type { ControlResult, Demands, Evidence } from './model/evidence.ts';
import type { Arm } from './model/op.ts';
import type { Scenario, ServiceUnderTest } from './model/scenario.ts';
import type { Engine } from './model/stack.ts';
import { mergeVerdicts } from './model/verdict.ts';
import type { Progress } from './progress.ts';
import { Bundle } from './report/bundle.ts';
import { junit } from './report/junit.ts';
import { runRecord } from './report/run-record.ts';
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
  const { scenario, engine, progress } = options;
  const startedAt = performance.now();
  await using bundle = await Bundle.create(options.outDir, scenario.name, scenario.traffic.seed);
  await bundle.json('run.json', await runRecord(options));

  const arms = new Arms(options, bundle, startedAt);
  await engine.prepare(
    scenario.services.map((service) => service.definition),
    (line) => progress.line(line),
  );
  const controls = scenario.control === null ? new Map() : await arms.controls(scenario.control.durationMs);
  const subjects = await arms.subjects(controls);

  const services = subjects.map((evidence) => serviceVerdict(evidence, judge(evidence)));
  const document: VerdictDocument = {
    schemaVersion: 1,
    tool: 'walproof',
    version: VERSION,
    verdict: mergeVerdicts(services.map((service) => service.verdict)),
    seed: scenario.traffic.seed,
    engine: engine.name,
    durationMs: Math.round(performance.now() - startedAt),
    bundle: bundle.path,
    services,
  };
  await bundle.json('verdict.json', document);
  await bundle.text('junit.xml', junit(document));
  await bundle.close();
  return document;
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
  async controls(durationMs: number): Promise<Map<string, ControlResult>> {
    const { scenario, signal } = this.#options;
    const demands: Demands = { okOps: 0, okOpsAroundFault: 0, faults: [], control: false, controlResult: null };
    // One arm that breaks must not leave the others running behind its back.
    const broken = new AbortController();
    const running = scenario.services.map(async (service) => {
      const { controlVariant: variant, variants, name } = service.definition;
      const file = variants[variant];
      if (file === undefined) throw new RangeError(`${name} names a control variant that it does not have: ${variant}`);
      const dbModule = join(PROJECT_ROOT, file);
      const stopOn = AbortSignal.any([signal, broken.signal]);
      try {
        const wish = { variant, dbModule, durationMs, faults: [], demands };
        return controlResult(await this.#run('control', service, wish, stopOn));
      } catch (error) {
        broken.abort(error);
        throw error;
      }
    });
    await Promise.allSettled(running);
    broken.signal.throwIfAborted();
    const results = await Promise.all(running);
    return new Map(scenario.services.map((service, n) => [service.definition.name, results[n] as ControlResult]));
  }

  /** The evidence on the db module under judgement of each service, one after the other: each has the machine to itself. */
  async subjects(controls: ReadonlyMap<string, ControlResult>): Promise<Evidence[]> {
    const { scenario, subjects, signal } = this.#options;
    const { faults, durationMs, exercised } = scenario;
    const evidences: Evidence[] = [];
    for (const service of scenario.services) {
      const { name } = service.definition;
      const { variant, file } = subjects.get(name) ?? { variant: 'patched', file: null };
      const controlResult = controls.get(name) ?? null;
      const demands: Demands = {
        ...exercised,
        faults: faults.map((fault) => fault.name),
        control: true,
        controlResult,
      };
      const wish = { variant, dbModule: file, durationMs, faults, demands };
      evidences.push(await this.#run('subject', service, wish, signal));
    }
    return evidences;
  }

  #run(
    arm: Arm,
    service: ServiceUnderTest,
    wish: Pick<ArmPlan, 'variant' | 'dbModule' | 'durationMs' | 'faults' | 'demands'>,
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

function controlResult(evidence: Evidence): ControlResult {
  return {
    variant: evidence.variant,
    busy: countBusy(evidence),
    lostWrites: countLostWrites(evidence),
    okOps: evidence.ops.filter((op) => op.outcome === 'ok').length,
  };
}
