import { execFile } from 'node:child_process';
import { cpus, release, totalmem, type } from 'node:os';
import { promisify } from 'node:util';
import type { Demands } from '../model/evidence.ts';
import type { FaultStep, Scenario } from '../model/scenario.ts';
import type { Engine } from '../model/stack.ts';
import { VERSION } from '../version.ts';

/** `run.json`: what ran, on what, and how it was asked for. With the records it is all that a verdict needs. */
export async function runRecord(options: {
  scenario: Scenario;
  engine: Engine;
  subjects: ReadonlyMap<string, { variant: string; file: string }>;
  failFast?: boolean;
  command: readonly string[];
}): Promise<Record<string, unknown>> {
  const { scenario, engine, subjects, command, failFast = false } = options;
  const { traffic, durationMs, sideBySide, exercised, control, faults, services } = scenario;
  return {
    schemaVersion: 1,
    tool: 'walproof',
    version: VERSION,
    startedAt: new Date().toISOString(),
    command,
    gitCommit: await gitCommit(),
    scenario: scenario.name,
    claim: scenario.claim,
    seed: traffic.seed,
    options: {
      ...traffic,
      durationMs,
      sideBySide,
      failFast,
      exercised,
      control,
      faults: faults.map(({ fault }) => fault.name),
      schedule: faults.map(stepRecord),
    },
    demands: demandsOf(scenario),
    engine: engine.name,
    versions: { node: process.version, ...(await engine.versions()) },
    machine: { system: `${type()} ${release()}`, cores: cpus().length, memoryBytes: totalmem() },
    services: services.map((service) => ({
      ...service.definition,
      subject: subjects.get(service.definition.name) ?? null,
      opSequenceHash: service.traffic.opSequenceHash(traffic),
    })),
  };
}

/** What each subject owes; the result of its control comes on top. */
export function demandsOf({ exercised, faults, crashImages }: Scenario): Omit<Demands, 'controlResult'> {
  const asked = crashImages === undefined ? {} : { crashImages };
  return { ...exercised, faults: faults.map(({ fault }) => fault.name), control: true, ...asked };
}

function stepRecord({ fault, times, everyMs }: FaultStep): {
  fault: string;
  times: number | null;
  everyMs: number | null;
} {
  return { fault: fault.name, times, everyMs };
}

/** The commit of the checkout; null outside of one. */
async function gitCommit(): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('git', ['rev-parse', 'HEAD'], {
      cwd: new URL('../..', import.meta.url),
    });
    return stdout.trim();
  } catch {
    return null;
  }
}
