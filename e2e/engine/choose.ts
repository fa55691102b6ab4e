import { WalproofError } from '../model/errors.ts';
import type { ServiceDefinition } from '../model/service.ts';
import type { Engine } from '../model/stack.ts';
import { requireCompose, requireDocker } from './docker/availability.ts';
import { createDockerEngine } from './docker/engine.ts';
import { createProcessEngine } from './process/engine.ts';

/**
 * The engine asked for, ready to make stacks; without a wish docker where it can serve, else process, and the reason in
 * one line. Throws UNKNOWN_ENGINE, or ENGINE_UNAVAILABLE and its kin when docker was asked for by name: whoever does that
 * means the whole environment, with the Compose v2 that `docker compose up` and `walproof down` need. Runs do without it.
 */
export async function chooseEngine(
  wish: string | undefined,
  services: readonly ServiceDefinition[],
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<Engine> {
  if (wish !== undefined && wish !== 'docker' && wish !== 'process') {
    throw new WalproofError('UNKNOWN_ENGINE', `"${wish}" is not an engine`, 'choose docker or process');
  }
  if (wish === 'process') {
    say('engine process, as asked');
    return createProcessEngine();
  }
  const asked = wish === 'docker' ? await requireCompose() : null;
  try {
    const docker = createDockerEngine(asked ?? (await requireDocker()));
    await docker.prepare(services, say, signal);
    say(wish === undefined ? 'engine docker: a daemon answers' : 'engine docker, as asked');
    return docker;
  } catch (error) {
    signal?.throwIfAborted();
    if (wish === 'docker' || !(error instanceof WalproofError) || error.code === 'IMAGE_BUILD_FAILED') throw error;
    say(`engine process: ${error.message}`);
    return createProcessEngine();
  }
}
