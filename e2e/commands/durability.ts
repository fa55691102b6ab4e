import { randomInt } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { type DurabilityDocument, runMatrix } from '../durability/matrix.ts';
import { durabilityTable, withDurability } from '../durability/record.ts';
import { requireTracer } from '../durability/tracer.ts';
import { removeLeftovers } from '../engine/process/leftovers.ts';
import { PROJECT_ROOT } from '../engine/shared/project-root.ts';
import { WalproofError } from '../model/errors.ts';
import { stderrProgress } from '../progress.ts';
import { SERVICES } from '../services/index.ts';
import { done, exitOf, type Outcome } from './outcome.ts';
import { servicesNamed } from './services-named.ts';

const RECORD = join(PROJECT_ROOT, 'e2e', 'durability', 'matrix.json');
const README = join(PROJECT_ROOT, 'README.md');

export interface DurabilityOptions {
  seed?: number;
  record?: boolean;
}

/** `walproof durability`: what a kill and a power cut take, by journal mode and synchronous, on each service. */
export async function durability(
  names: readonly string[],
  options: DurabilityOptions,
  signal: AbortSignal,
): Promise<Outcome> {
  const services = servicesNamed(names);
  if (options.record === true && services.length < SERVICES.length)
    throw new WalproofError('USAGE', 'the record is of all services', 'name no service, or leave --record out');
  await requireTracer();
  const progress = stderrProgress();
  try {
    const seed = options.seed ?? randomInt(1, 0x7fffffff);
    progress.line(`seed ${seed} · node ${process.version} · power cuts by the syncs that strace sees, engine process`);
    for (const line of await removeLeftovers(tmpdir())) progress.line(`left by an earlier run: ${line}`);
    const document = await runMatrix({ services, seed, signal, say: (line) => progress.line(line) });
    if (options.record === true) await record(document);
    return done(exitOf(document.verdict), text(document), document);
  } finally {
    progress.end();
  }
}

async function record(document: DurabilityDocument): Promise<void> {
  await writeFile(RECORD, `${JSON.stringify(document, null, 2)}\n`);
  await writeFile(README, withDurability(await readFile(README, 'utf8'), durabilityTable(document)));
}

function text({ cells, verdict, seconds }: DurabilityDocument): string {
  const head = ['service', 'journal', 'sync', 'a kill takes', 'a power cut takes', 'may take', 'images', 'verdict'];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { service, journal, synchronous, kill, powerCut, promise, verdict: own } of cells) {
    const most = powerCut.mostLost > 0 ? `, up to ${powerCut.mostLost} of ${powerCut.acknowledged}` : '';
    const images = kill.images + powerCut.images;
    table.push([service, journal, synchronous, kill.worst, `${powerCut.worst}${most}`, promise, images, own]);
  }
  const reasons = cells.flatMap(({ service, journal, synchronous, why }) =>
    why === null ? [] : [`${service} ${journal} ${synchronous}: ${why}`],
  );
  return [table.toString(), ...reasons, `verdict: ${verdict}, ${seconds} s`, ''].join('\n');
}
