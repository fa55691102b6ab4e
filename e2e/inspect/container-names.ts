import { docker } from '../engine/docker/client.ts';

/** Long enough for a daemon on this machine, short enough that a dead one is not waited for. */
const ANSWER_MS = 1_000;

/** The names of containers by id, as far as a daemon answers. */
export async function containerNames(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  try {
    const containers = await docker({ timeoutMs: ANSWER_MS }).listContainers({ filters: { id: [...ids] } });
    return new Map(containers.map(({ Id, Names }) => [Id, (Names[0] ?? '').replace(/^\//, '')]));
  } catch {
    return new Map();
  }
}
