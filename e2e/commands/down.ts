import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { dockerAvailability } from '../engine/docker/availability.ts';
import { removeEverything } from '../engine/docker/cleanup.ts';
import { removeImages } from '../engine/docker/image.ts';
import { removeLeftovers } from '../engine/process/leftovers.ts';
import { EXIT, messageOf, WalproofError } from '../model/errors.ts';
import { done, type Outcome } from './outcome.ts';

const PROJECT = fileURLToPath(new URL('../../', import.meta.url));

/** `walproof down`: removes the compose stack with its volumes, and whatever runs left behind on both engines. */
export async function down(options: { images?: boolean }): Promise<Outcome> {
  const removed = await removeLeftovers(tmpdir());
  const docker = await dockerAvailability();
  if (docker.ok) {
    if (docker.composeVersion !== null) await composeDown();
    removed.push(...(await removeEverything()));
    if (options.images) removed.push(...(await removeImages()));
  } else if (options.images) {
    throw new WalproofError('ENGINE_UNAVAILABLE', docker.reason, docker.next);
  }
  const lines = removed.length === 0 ? ['nothing was left to remove'] : removed;
  if (!docker.ok) lines.push(`docker was not looked at: ${docker.reason}`);
  return done(EXIT.pass, `${lines.join('\n')}\n`, { removed, docker: docker.ok });
}

async function composeDown(): Promise<void> {
  try {
    await promisify(execFile)('docker', ['compose', '--profile', 'traffic', 'down', '--volumes', '--remove-orphans'], {
      cwd: PROJECT,
      timeout: 120_000,
    });
  } catch (error) {
    throw new WalproofError(
      'COMPOSE_UNAVAILABLE',
      `docker compose down failed: ${messageOf(error)}`,
      'run it by hand in the project folder and read what it says',
      { cause: error },
    );
  }
}
