/** The database file of a service that runs on this machine: of the compose stack, or of a live run. */
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { docker } from '../engine/docker/client.ts';
import { LABEL } from '../engine/docker/labels.ts';
import { DATA_DIR } from '../engine/docker/plan.ts';
import { FOLDER_PREFIX } from '../engine/process/folder.ts';
import { isOwnerDead, readOwnerRecord } from '../engine/process/owner-record.ts';
import { WalproofError } from '../model/errors.ts';
import type { ServiceDefinition } from '../model/service.ts';

/** The daemon is on this machine or it is of no use here. */
const ANSWER_MS = 2_000;

export interface FoundDatabase {
  path: string;
  /** In words, e.g. `the volume of container walproof-oracle-1`. */
  how: string;
  of: 'compose' | 'run';
}

/** The compose stack comes first: it is the one that lasts. Throws DATABASE_MISSING, or USAGE when several runs have one. */
export async function databaseOf(service: ServiceDefinition): Promise<FoundDatabase> {
  const found = [...(await inContainers(service)), ...inFolders(service)];
  const compose = found.filter((each) => each.of === 'compose');
  const chosen = compose.length > 0 ? compose : found;
  const [first, ...others] = chosen;
  if (first === undefined)
    throw new WalproofError(
      'DATABASE_MISSING',
      `expected a running ${service.name}, but no container of it has a volume that is seen from here, and no run has one under ${tmpdir()}`,
      'start it (docker compose up), run this on the machine of the daemon, or name the database file',
    );
  if (others.length > 0)
    throw new WalproofError(
      'USAGE',
      `${chosen.length} databases of ${service.name} are in use`,
      'name the file that you mean',
      {
        details: chosen.map(({ path, how }) => `${path} (${how})`),
      },
    );
  if (!existsSync(first.path))
    throw new WalproofError(
      'DATABASE_UNREADABLE',
      `${first.how} has the database at ${first.path}, which cannot be seen from here`,
      'run it as root, on the machine of the daemon',
    );
  return first;
}

async function inContainers({ name, database }: ServiceDefinition): Promise<FoundDatabase[]> {
  const containers = await docker({ timeoutMs: ANSWER_MS })
    .listContainers({ filters: { label: [LABEL.mark] } })
    .catch(() => []);
  const byPath = new Map<string, FoundDatabase>();
  for (const { Labels, Image, Mounts, Names } of containers) {
    const isCompose = Labels[LABEL.run] === 'compose' && Image.startsWith(`walproof-${name}:`);
    if (!isCompose && Labels[LABEL.service] !== name) continue;
    const source = Mounts.find(({ Destination }) => Destination === DATA_DIR)?.Source;
    if (source === undefined) continue;
    const path = join(source, database);
    const how = `the volume of container ${(Names[0] ?? '').replace(/^\//, '')}`;
    if (!byPath.has(path)) byPath.set(path, { path, how, of: isCompose ? 'compose' : 'run' });
  }
  return [...byPath.values()];
}

function inFolders({ name, database }: ServiceDefinition): FoundDatabase[] {
  return readdirSync(tmpdir()).flatMap((entry) => {
    if (!entry.startsWith(FOLDER_PREFIX) || !entry.includes(`-${name}-`)) return [];
    const folder = join(tmpdir(), entry);
    const path = join(folder, 'data', database);
    const owner = unlessUnreadable(() => readOwnerRecord(folder));
    if (owner === null || isOwnerDead(owner) || !existsSync(path)) return [];
    return [{ path, how: `a live run of pid ${owner.ownerPid}`, of: 'run' as const }];
  });
}

/** Somebody else's folder is none that can be inspected. */
function unlessUnreadable<T>(look: () => T): T | null {
  try {
    return look();
  } catch {
    return null;
  }
}
