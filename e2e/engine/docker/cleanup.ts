import { WalproofError } from '../../model/errors.ts';
import { until } from '../shared/until.ts';
import { docker, tolerating } from './client.ts';
import { LABEL, type Labels, withLabel } from './labels.ts';
import { ownerIsGone } from './owner.ts';
import { asked } from './refusal.ts';

const GONE_MS = 30_000;
/** Gone already, or another call is removing it just now. */
const ON_ITS_WAY = [404, 409];

/** Something with a label `walproof` that the daemon holds. */
interface Held {
  kind: 'container' | 'volume' | 'network';
  id: string;
  name: string;
  labels: Labels;
}

/** Removes all containers, volumes and networks with the label `walproof`, those of live runs too. One line each. */
export async function removeEverything(): Promise<string[]> {
  return await removeHeld(withLabel(LABEL.mark));
}

/** Removes what runs on this host left behind when they were killed; whatever belongs to a live run stays. */
export async function removeLeftovers(): Promise<string[]> {
  return await removeHeld(withLabel(LABEL.owner), ({ labels }) => ownerIsGone(labels[LABEL.owner]));
}

/** Removes one stack; returns when nothing of it is left. */
export async function removeStack(stackId: string): Promise<void> {
  await removeHeld(withLabel(LABEL.stack, stackId));
}

/** What a run still holds, one line each. */
export async function heldBy(runId: string): Promise<string[]> {
  return (await listHeld(withLabel(LABEL.run, runId))).map(lineOf);
}

async function removeHeld(
  filters: { label: string[] },
  isDue: (held: Held) => boolean = () => true,
): Promise<string[]> {
  const due = (await listHeld(filters)).filter(isDue);
  // Volumes and networks cannot go before the containers that use them.
  const removals = due.filter(({ kind }) => kind === 'container').map(removeContainer);
  await Promise.all(removals);
  await Promise.all(due.map((held) => removeRest(held)));
  return due.map((held) => `removed ${lineOf(held)}`);
}

function lineOf({ kind, name, labels }: Held): string {
  const run = labels[LABEL.run];
  return run === undefined ? `${kind} ${name}` : `${kind} ${name} of run ${run}`;
}

async function listHeld(filters: { label: string[] }): Promise<Held[]> {
  const list = Promise.all([
    docker().listContainers({ all: true, filters }),
    docker().listVolumes({ filters }),
    docker().listNetworks({ filters }),
  ]);
  const [containers, { Volumes }, networks] = await asked('list what runs have made', list);
  return [
    ...containers.map(({ Id, Names, Labels }): Held => {
      return { kind: 'container', id: Id, name: Names[0]?.replace(/^\//, '') ?? Id.slice(0, 12), labels: Labels };
    }),
    ...(Volumes ?? []).map(({ Name, Labels }): Held => ({ kind: 'volume', id: Name, name: Name, labels: Labels })),
    ...networks.map(({ Id, Name, Labels }): Held => ({ kind: 'network', id: Id, name: Name, labels: Labels ?? {} })),
  ];
}

async function removeContainer({ id, name }: Held): Promise<void> {
  const container = docker().getContainer(id);
  await asked(`remove container ${name}`, tolerating(ON_ITS_WAY, container.remove({ force: true, v: true })));
  // After a 409 somebody else removes it, and its volume is in use until then.
  const gone = async () => (await tolerating([404], container.inspect())) === undefined;
  if (await until(gone, { deadlineMs: GONE_MS })) return;
  throw new WalproofError(
    'INTERNAL',
    `expected container ${name} to be gone within ${GONE_MS} ms of its removal, but it is still there`,
    `Restart the Docker daemon, then run: docker rm -f ${name}`,
  );
}

async function removeRest({ kind, id, name }: Held): Promise<void> {
  if (kind === 'volume') await asked(`remove volume ${name}`, tolerating([404], docker().getVolume(id).remove()));
  if (kind === 'network') await asked(`remove network ${name}`, tolerating([404], docker().getNetwork(id).remove()));
}
