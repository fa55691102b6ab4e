import type { Inspection } from '../inspect/facts.ts';
import { inspect as look } from '../inspect/inspect.ts';
import { EXIT, WalproofError } from '../model/errors.ts';
import { VERSION } from '../version.ts';
import { done, type Outcome } from './outcome.ts';

/** What `inspect --json` prints. Fields are only ever added. */
export interface InspectDocument extends Inspection {
  schemaVersion: 1;
  tool: 'walproof';
  version: string;
  /** How a service's database was found; null where a file was named. */
  foundAs: string | null;
  tookMs: number;
}

/** `walproof inspect <db file or service>`: exit 0 when nothing is wrong, 1 when its advice holds a problem. */
export async function inspect(target: string): Promise<Outcome> {
  const startedAt = performance.now();
  const found = await serviceDatabase(target);
  if (process.platform !== 'linux' && process.platform !== 'darwin')
    throw new WalproofError('USAGE', `inspect does not run on ${process.platform}`, 'run it inside WSL 2');
  const inspection = await look(found?.path ?? target, containerNames);
  const document: InspectDocument = {
    schemaVersion: 1,
    tool: 'walproof',
    version: VERSION,
    foundAs: found?.how ?? null,
    ...inspection,
    tookMs: Math.round((performance.now() - startedAt) * 10) / 10,
  };
  const wrong = inspection.advice.some(({ level }) => level === 'problem');
  return done(wrong ? EXIT.fail : EXIT.pass, () => asText(inspection, document.foundAs), document);
}

/** Tables load longer than half a look takes. */
async function asText(inspection: Inspection, how: string | null): Promise<string> {
  return (await import('../inspect/text.ts')).inspectionText(inspection, how);
}

/** What services and containers need loads longer than a file takes to inspect, so it is loaded for them alone. */
async function serviceDatabase(target: string): Promise<{ path: string; how: string } | null> {
  if (!/^[\w-]+$/.test(target)) return null;
  const { SERVICES } = await import('../services/index.ts');
  const service = SERVICES.find(({ definition }) => definition.name === target)?.definition;
  return service === undefined ? null : (await import('../inspect/running-service.ts')).databaseOf(service);
}

async function containerNames(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  return ids.length === 0 ? new Map() : (await import('../inspect/container-names.ts')).containerNames(ids);
}
