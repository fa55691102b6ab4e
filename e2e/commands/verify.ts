import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import { chooseEngine } from '../engine/choose.ts';
import { faultsNamed, possibleOn } from '../faults/named.ts';
import { refuseTooLong } from '../faults/schedule.ts';
import type { Scenario, ServiceUnderTest } from '../model/scenario.ts';
import { stderrProgress } from '../progress.ts';
import { verdictText } from '../report/console.ts';
import type { VerdictDocument } from '../report/verdict-document.ts';
import { run } from '../run.ts';
import { VERIFY } from '../scenarios/verify.ts';
import { subjectsOf } from './db-modules.ts';
import { done, exitOf, type Outcome } from './outcome.ts';
import { tellPipeline } from './pipeline.ts';
import { servicesNamed } from './services-named.ts';

/** Of each service. A copy has some hundred; with fewer it was hardly ever caught between two checkpoints. */
const LEAST_CRASH_IMAGES = 1_000;
/** Of the duration, at most. */
const CALM_SHARE = 0.3;

export interface VerifyOptions {
  engine?: string;
  seed?: number;
  duration?: number;
  clients?: number;
  rate?: number;
  faults?: string;
  dbModule: string[];
  control: boolean;
  /** Only `verify` has it; a soak does not. */
  crashImages?: boolean;
  failFast?: boolean;
  sideBySide: boolean;
  out: string;
  json: boolean;
}

/** `walproof verify`: one full verification of the services named. */
export async function verify(names: readonly string[], options: VerifyOptions, signal: AbortSignal): Promise<Outcome> {
  const document = await verifyOnce(names, options, signal);
  return done(exitOf(document.verdict), verdictText(document), document);
}

/** One run from what was asked for to its verdict; progress goes to stderr. */
export async function verifyOnce(
  names: readonly string[],
  options: VerifyOptions,
  signal: AbortSignal,
): Promise<VerdictDocument> {
  const services = servicesNamed(names);
  const scenario = scenarioOf(services, options);
  const subjects = await subjectsOf(services, options.dbModule);
  const progress = stderrProgress();
  try {
    progress.line(
      `seed ${scenario.traffic.seed} · node ${process.version} · ${services.map((each) => each.definition.name).join(', ')}`,
    );
    for (const { definition, traffic } of services) {
      progress.line(`op sequence ${traffic.opSequenceHash(scenario.traffic)} of ${definition.name}`);
    }
    const engine = await chooseEngine(
      options.engine,
      services.map((each) => each.definition),
      (line) => progress.line(line),
      signal,
    );
    for (const line of await engine.removeLeftovers()) progress.line(`left by an earlier run: ${line}`);
    const command = process.argv.slice(2);
    const faults = await possibleOn(engine, options.faults ?? '', scenario.faults, (line) => progress.line(line));
    const possible = { ...scenario, faults };
    for (const { fault } of faults.filter((step) => step.fault.dataLimitBytes !== undefined))
      progress.line(
        `data on a tmpfs of ${fault.dataLimitBytes} bytes, which ${fault.name} needs: a sync costs nothing there`,
      );
    const document = await run({
      scenario: possible,
      engine,
      outDir: resolve(options.out),
      subjects,
      ...(options.failFast === true ? { failFast: true } : {}),
      command,
      progress,
      signal,
    });
    await tellPipeline(document);
    return document;
  } finally {
    progress.end();
  }
}

function scenarioOf(services: readonly ServiceUnderTest[], options: VerifyOptions): Scenario {
  const durationMs = options.duration ?? VERIFY.durationMs;
  const faults = options.faults === undefined ? VERIFY.faults : faultsNamed(options.faults);
  refuseTooLong(faults, durationMs);
  return {
    ...VERIFY,
    services,
    sideBySide: options.sideBySide,
    traffic: {
      seed: options.seed ?? randomInt(1, 0x7fffffff),
      clients: options.clients ?? VERIFY.traffic.clients,
      ratePerSecond: options.rate ?? VERIFY.traffic.ratePerSecond,
    },
    durationMs,
    // A run that is asked to be short is not spent on calm.
    calmMs: Math.min(VERIFY.calmMs, durationMs * CALM_SHARE),
    faults,
    control: options.control ? VERIFY.control : null,
    ...(options.crashImages ? { crashImages: { least: LEAST_CRASH_IMAGES } } : {}),
  };
}
