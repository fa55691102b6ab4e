import { randomInt } from 'node:crypto';
import Table from 'cli-table3';
import { chooseEngine } from '../engine/choose.ts';
import { mutantsNamed } from '../mutants/index.ts';
import { runMatrix } from '../mutants/matrix.ts';
import type { Mutant } from '../mutants/rule.ts';
import { stderrProgress } from '../progress.ts';
import { matrixText } from '../report/mutant-matrix.ts';
import { done, exitOf, type Outcome } from './outcome.ts';
import { servicesNamed } from './services-named.ts';

export interface MutantsOptions {
  engine?: string;
  seed?: number;
  only: string[];
  list?: boolean;
}

/** `walproof mutants`: every rule of the patch reverted in turn; each must be noticed. */
export async function mutants(
  names: readonly string[],
  options: MutantsOptions,
  signal: AbortSignal,
): Promise<Outcome> {
  const services = servicesNamed(names).map(({ definition }) => definition);
  const chosen = mutantsNamed(
    services.map(({ name }) => name),
    options.only,
  );
  if (options.list) return listed(chosen);
  const progress = stderrProgress();
  try {
    const seed = options.seed ?? randomInt(1, 0x7fffffff);
    progress.line(
      `seed ${seed} · node ${process.version} · ${chosen.length} mutants of ${services.map(({ name }) => name).join(', ')}`,
    );
    const engine = await chooseEngine(options.engine, services, (line) => progress.line(line));
    for (const line of await engine.removeLeftovers()) progress.line(`left by an earlier run: ${line}`);
    const document = await runMatrix({ mutants: chosen, engine, seed, signal, say: (line) => progress.line(line) });
    return done(exitOf(document.verdict), matrixText(document), document);
  } finally {
    progress.end();
  }
}

function listed(chosen: readonly Mutant[]): Outcome {
  const rows = chosen.map(({ name, service, rule, edits }) => ({
    name,
    service: service.name,
    rule: rule.name,
    breaks: rule.breaks,
    files: [...new Set(edits.map(({ file }) => file))],
    expected: rule.expected,
    equivalent: rule.equivalent ?? null,
  }));
  const table = new Table({
    head: ['mutant', 'what is broken', 'caught by'],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [40, 70, 16],
  });
  for (const { name, breaks, expected, equivalent } of rows)
    table.push([name, breaks, equivalent === null ? expected : 'equivalent']);
  return done(0, `${table.toString()}\n`, { mutants: rows });
}
