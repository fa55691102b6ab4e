/** The evidence of a saved run, as the checkers had it. */
import { controlResultOf } from '../check/summary.ts';
import { messageOf, WalproofError } from '../model/errors.ts';
import type { Evidence } from '../model/evidence.ts';
import type { ServiceDefinition } from '../model/service.ts';
import type { SavedRun } from '../report/saved-run.ts';

/** On the db module under judgement. */
export async function subjectOf(saved: SavedRun, service: ServiceDefinition): Promise<Evidence> {
  const { run } = saved;
  const controlResult = hadControl(saved) ? controlResultOf(await controlOf(saved, service)) : null;
  const variant = run.services.find(({ name }) => name === service.name)?.subject?.variant ?? 'patched';
  const records = await saved.records(service.name, 'subject');
  return { service, arm: 'subject', variant, ...records, demands: { ...run.demands, controlResult } };
}

/** On the control, which may have recorded nothing. */
export async function controlOf(saved: SavedRun, service: ServiceDefinition): Promise<Evidence> {
  const records = await saved.records(service.name, 'control');
  const demands = { ...saved.run.demands, control: false, controlResult: null };
  return { service, arm: 'control', variant: service.controlVariant, ...records, demands };
}

export function hadControl({ run }: SavedRun): boolean {
  return (run.options.control ?? null) !== null;
}

/** Whatever breaks on records that are as they were written is told as theirs: BUNDLE_BROKEN. */
export async function readingRecords<T>(saved: SavedRun, of: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WalproofError) throw error;
    throw new WalproofError(
      'BUNDLE_BROKEN',
      `expected the records of ${of} in ${saved.path} to be readable by every check, but: ${messageOf(error)}`,
      `judge it with walproof ${saved.run.version}, which wrote it`,
      { cause: error },
    );
  }
}
