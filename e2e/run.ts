/**
 * One run, from stacks to verdict: the control variant first, which must fail; then the db module under judgement, under
 * the same traffic and seed; then the checkers over what was recorded; and a bundle that holds all of it.
 */
import { join } from 'node:path';
import { Arms } from './arms.ts';
import { CHECKERS, judge } from './check/index.ts';
import type { Scenario } from './model/scenario.ts';
import type { Engine } from './model/stack.ts';
import { mergeVerdicts } from './model/verdict.ts';
import { Timeline } from './observe/timeline.ts';
import type { Progress } from './progress.ts';
import { Bundle } from './report/bundle.ts';
import { REPORT, reportPage } from './report/html/page.ts';
import { runFacts } from './report/html/run-facts.ts';
import { sideOf } from './report/html/side.ts';
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
  /** Ends the run, in order, at the first finding of a subject. Default: it runs to its end, and tells all findings. */
  failFast?: boolean;
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
  const timeline = new Timeline(startedAt);
  const record = await runRecord(options);
  await bundle.json('run.json', record);

  const arms = new Arms(options, bundle, timeline, startedAt);
  timeline.enter({ kind: 'images', what: 'preparing' });
  await engine.prepare(
    scenario.services.map((service) => service.definition),
    (line) => progress.line(line),
    options.signal,
  );
  timeline.leave();
  const { controls, subjects } = await arms.run();

  timeline.enter({ kind: 'judge', what: 'checks' });
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
    ...(arms.stoppedBy === null ? {} : { stoppedBy: arms.stoppedBy }),
    timeline: timeline.spans(),
  };
  timeline.enter({ kind: 'judge', what: 'report' });
  const page = await reportPage({
    run: runFacts(record),
    document,
    subjects: judged.map(({ evidence, checks }) => sideOf(evidence, checks)),
    controls: [...controls.values()].map(({ side }) => side),
    claims: new Map(CHECKERS.map(({ name, claim }) => [name, claim])),
  });
  // The page is of the run up to its verdict; what the page itself took is told beside it.
  const told: VerdictDocument = { ...document, timeline: timeline.spans() };
  await bundle.json('verdict.json', told);
  await bundle.text('junit.xml', junit(told));
  await bundle.text(REPORT, page);
  await bundle.close();
  return told;
}
