import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { WalproofError } from '../../model/errors.ts';
import type { ServiceDefinition } from '../../model/service.ts';
import type { Engine, Stack, StackOptions } from '../../model/stack.ts';
import { SEED_SUFFIXES } from '../shared/database-files.ts';
import { requireDbModule } from '../shared/db-module.ts';
import { type DockerAvailable, requireDocker } from './availability.ts';
import { removeLeftovers, removeStack } from './cleanup.ts';
import { docker } from './client.ts';
import { USER } from './hardening.ts';
import { ensureImage } from './image.ts';
import { stackLabels } from './labels.ts';
import { Observer } from './observer.ts';
import { dockerName, type StackPlan } from './plan.ts';
import { isBridgedHere } from './reach.ts';
import { asked } from './refusal.ts';
import { SingleFiles } from './single-files.ts';
import { copyIn } from './volume.ts';

const OTHERS_MAY_READ = 0o004;

/**
 * The engine that runs every process in a container of its own, on a volume that they share. `found`: what is known of the
 * daemon already; else it is asked, once: the commands that answer for it take a tenth of a second.
 */
export function createDockerEngine(found?: DockerAvailable): Engine {
  let known = found;
  const available = async () => {
    known ??= await requireDocker();
    return known;
  };
  /** By source folder: hashing the inputs again for each stack would cost more than it could show. */
  const images = new Map<string, string>();
  const prepareOne = async (service: ServiceDefinition, progress: (line: string) => void, signal?: AbortSignal) => {
    const image = await ensureImage(service, progress, signal);
    images.set(service.sourceDir, image);
    return image;
  };
  return {
    name: 'docker',
    prepare: async (services, progress, signal) => {
      await available();
      for (const service of services) await prepareOne(service, progress, signal);
    },
    createStack: async (options) => {
      if (options.dbModule !== undefined) await requireReadable(options.dbModule);
      for (const file of options.overlay?.values() ?? []) await requireReadable(file);
      const image = images.get(options.service.sourceDir) ?? (await prepareOne(options.service, () => undefined));
      return await createStack(options, image);
    },
    removeLeftovers,
    whyNoDataLimit: async () => null,
    versions: async () => await versions(await available()),
  };
}

async function createStack(options: StackOptions, image: string): Promise<Stack> {
  const { service, runId, dbModule, overlay, seedDatabase, dataLimitBytes, placements, direct } = options;
  const stackId = dockerName(`walproof-${runId}-${service.name}-${randomBytes(3).toString('hex')}`);
  const labels = stackLabels({ runId, stackId, service: service.name });
  const plan: StackPlan = {
    service,
    stackId,
    image,
    labels,
    ...(dbModule === undefined ? {} : { dbModule }),
    ...(placements === undefined ? {} : { placements: { of: placements, files: new SingleFiles() } }),
    ...(overlay === undefined ? {} : { overlay }),
    ...(dataLimitBytes === undefined ? {} : { dataLimitBytes }),
  };
  try {
    // testcontainers takes a third of a second to load: a run on the process engine need not pay it, and the daemon is busy here.
    const [{ observer, networkId }, { DockerStack }] = await Promise.all([createShared(plan), import('./stack.ts')]);
    const isDirect = direct === true && isBridgedHere(networkId);
    // A tmpfs is gone with the last container that uses it, so one must run all the while.
    if (dataLimitBytes !== undefined) await observer.start();
    for (const suffix of SEED_SUFFIXES) {
      const seed = `${seedDatabase}${suffix}`;
      // Without a sidecar there is nothing to do; without the database itself the copy says so.
      if (seedDatabase !== undefined && (suffix === '' || existsSync(seed)))
        await copyIn(observer.container, seed, `${service.database}${suffix}`);
    }
    return new DockerStack(isDirect ? { ...plan, direct } : plan, observer, options);
  } catch (error) {
    await removeStack(stackId);
    throw error;
  }
}

/** Volume, network and observer. */
async function createShared(plan: StackPlan): Promise<{ observer: Observer; networkId: string }> {
  const { stackId, labels } = plan;
  const network = docker().createNetwork({
    Name: stackId,
    Driver: 'bridge',
    Labels: labels,
    // The services have nobody to talk to outside; who calls them does not need it.
    Options: { 'com.docker.network.bridge.enable_ip_masquerade': 'false' },
  });
  const volume = async () => {
    await docker().createVolume({ Name: stackId, Labels: labels, ...sizeOf(plan) });
    return await Observer.create(plan);
  };
  const made = [
    asked(`create the volume of ${plan.service.name}`, volume()),
    asked(`create the network of ${plan.service.name}`, network),
  ] as const;
  const [observer, networked] = await Promise.allSettled(made);
  if (networked.status === 'rejected') throw networked.reason;
  if (observer.status === 'rejected') throw observer.reason;
  return { observer: observer.value, networkId: networked.value.id };
}

/** The local driver limits no plain volume; a tmpfs has a size, and no image folder to take its owner from. */
function sizeOf({ dataLimitBytes }: StackPlan): { DriverOpts?: Record<string, string> } {
  if (dataLimitBytes === undefined) return {};
  const [uid, gid] = USER.split(':');
  return {
    DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: `size=${dataLimitBytes},uid=${uid},gid=${gid},mode=0755` },
  };
}

/** The mounted file keeps its mode, and the services do not run as its owner. */
async function requireReadable(file: string): Promise<void> {
  await requireDbModule(file);
  if (((await stat(file)).mode & OTHERS_MAY_READ) !== 0 || process.platform === 'win32') return;
  throw new WalproofError(
    'DB_MODULE_BROKEN',
    `expected ${file} to be readable by uid 1000, which the services run as in their containers, but its mode forbids it`,
    `Run: chmod o+r ${file}`,
  );
}

async function versions(available: DockerAvailable): Promise<Record<string, string>> {
  const info = await asked('describe itself', docker().info());
  return {
    docker: available.version,
    api: available.apiVersion,
    compose: available.composeVersion ?? 'none',
    storageDriver: info.Driver,
    kernel: info.KernelVersion,
  };
}
