import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import { chooseEngine } from '../engine/choose.ts';
import { faultsNamed } from '../faults/index.ts';
import { EXIT, WalproofError } from '../model/errors.ts';
import type { Scenario, ServiceUnderTest } from '../model/scenario.ts';
import type { Verdict } from '../model/verdict.ts';
import { stderrProgress } from '../progress.ts';
import { verdictText } from '../report/console.ts';
import { run } from '../run.ts';
import { VERIFY } from '../scenarios/verify.ts';
import { SERVICES } from '../services/index.ts';
import { subjectsOf } from './db-modules.ts';
import { done, type Outcome } from './outcome.ts';

export interface VerifyOptions {
  engine?: string;
  seed?: number;
  duration?: number;
  clients?: number;
  rate?: number;
  faults?: string;
  dbModule: string[];
  control: boolean;
  out: string;
  json: boolean;
}

const EXIT_OF: Record<Verdict, number> = { pass: EXIT.pass, fail: EXIT.fail, unknown: EXIT.unknown };

/** `walproof verify`: one full verification of the services named. */
export async function verify(names: readonly string[], options: VerifyOptions, signal: AbortSignal): Promise<Outcome> {
  const services = servicesNamed(names);
  const scenario = scenarioOf(services, options);
  const subjects = await subjectsOf(services, options.dbModule);
  const progress = stderrProgress();
  try {
    progress.line(
      `seed ${scenario.traffic.seed} · node ${process.version} · ${services.map((each) => each.definition.name).join(', ')}`,
    );
    const engine = await chooseEngine(
      options.engine,
      services.map((each) => each.definition),
      (line) => progress.line(line),
    );
    for (const line of await engine.removeLeftovers()) progress.line(`left by an earlier run: ${line}`);
    const command = process.argv.slice(2);
    const document = await run({ scenario, engine, outDir: resolve(options.out), subjects, command, progress, signal });
    return done(EXIT_OF[document.verdict], verdictText(document), document);
  } finally {
    progress.end();
  }
}

function scenarioOf(services: readonly ServiceUnderTest[], options: VerifyOptions): Scenario {
  return {
    ...VERIFY,
    services,
    traffic: {
      seed: options.seed ?? randomInt(1, 0x7fffffff),
      clients: options.clients ?? VERIFY.traffic.clients,
      ratePerSecond: options.rate ?? VERIFY.traffic.ratePerSecond,
    },
    durationMs: options.duration ?? VERIFY.durationMs,
    faults: options.faults === undefined ? VERIFY.faults : faultsNamed(options.faults),
    control: options.control ? VERIFY.control : null,
  };
}

function servicesNamed(names: readonly string[]): ServiceUnderTest[] {
  if (names.length === 0) return [...SERVICES];
  return [...new Set(names)].map((name) => {
    const service = SERVICES.find(({ definition }) => definition.name === name);
    if (service !== undefined) return service;
    const known = SERVICES.map(({ definition }) => definition.name).join(', ');
    throw new WalproofError('UNKNOWN_SERVICE', `"${name}" is not a service`, `choose from: ${known}`);
  });
}
