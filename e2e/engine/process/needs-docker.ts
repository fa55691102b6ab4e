import { WalproofError } from '../../model/errors.ts';
import type { Placement } from '../../model/stack.ts';

/** Plain processes share all of the folder, and run as whoever runs this. */
export function refusePlacement(name: string, { mount = 'folder', user = 'app' }: Placement): void {
  if (mount !== 'folder') throw needsDocker(`the mount ${mount} of ${name}`);
  if (user !== 'app') throw needsDocker(`the user ${user} of ${name}`);
}

export function needsDocker(what: string): WalproofError {
  return new WalproofError('ENGINE_UNAVAILABLE', `${what} needs the docker engine`, 'Run it with --engine docker.');
}
