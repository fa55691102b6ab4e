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
import { createNetwork, isBridgedHere, placeOf, portsAtOnePlace } from './network.ts';
import { Observer } from './observer.ts';
import { dockerName, type StackPlan } from './plan.ts';
import { asked } from './refusal.ts';
import { SingleFiles } from './single-files.ts';
import { copyIn } from './volume.ts';

const OTHERS_MAY_READ = 0o004;

/**
 * The engine that runs every process in a container of its own, on a volume that they share. `found`: what is known of the
 * daemon already; else it is asked, once: the commands that answer for it take a tenth of a second. `hasBridge`: whether this
 * machine has the bridge of the network with an id.
 */
export function createDockerEngine(found?: DockerAvailable, hasBridge = isBridgedHere): Engine {
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
      return await createStack(options, image, hasBridge);
    },
    removeLeftovers,
    whyNoDataLimit: async () => null,
    versions: async () => await versions(await available()),
  };
}

async function createStack(options: StackOptions, image: string, hasBridge: typeof isBridgedHere): Promise<Stack> {
  const { service, runId, dbModule, overlay, seedDatabase, dataLimitBytes, placements, sharesNetwork } = options;
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
    const making = createShared(plan, sharesNetwork === true ? hasBridge : null);
    const [{ observer, shared }, { DockerStack }] = await Promise.all([making, import('./stack.ts')]);
    // A tmpfs is gone with the last container that uses it, so one must run all the while.
    if (dataLimitBytes !== undefined) await observer.start();
    for (const suffix of SEED_SUFFIXES) {
      const seed = `${seedDatabase}${suffix}`;
      // Without a sidecar there is nothing to do; without the database itself the copy says so.
      if (seedDatabase !== undefined && (suffix === '' || existsSync(seed)))
        await copyIn(observer.container, seed, `${service.database}${suffix}`);
    }
    return new DockerStack(shared === undefined ? plan : { ...plan, shared }, observer, options);
  } catch (error) {
    await removeStack(stackId);
    throw error;
  }
}

interface SharedParts {
  observer: Observer;
  shared?: NonNullable<StackPlan['shared']>;
}

/** Volume, network and observer. `hasBridge` is null where each process is to have a place of its own on the network. */
async function createShared(plan: StackPlan, hasBridge: typeof isBridgedHere | null): Promise<SharedParts> {
  const { name } = plan.service;
  const made = [
    asked(
      `create the volume of ${name}`,
      docker().createVolume({ Name: plan.stackId, Labels: plan.labels, ...sizeOf(plan) }),
    ),
    asked(`create the network of ${name}`, createNetwork(plan)),
  ] as const;
  const [volumed, networked] = await Promise.allSettled(made);
  if (networked.status === 'rejected') throw networked.reason;
  if (volumed.status === 'rejected') throw volumed.reason;
  const observing = hasBridge === null ? alone(plan) : share(plan, hasBridge(networked.value));
  return await asked(`create the observer of ${name}`, observing);
}

async function alone(plan: StackPlan): Promise<SharedParts> {
  return { observer: await Observer.create(plan) };
}

/** An observer that holds a place for all processes. Ports are published where this machine does not have the network. */
async function share(plan: StackPlan, isReachable: boolean): Promise<SharedParts> {
  const ports = portsAtOnePlace(plan.service);
  const observer = await Observer.create(plan, isReachable ? [] : [...ports.values()]);
  await observer.start();
  return { observer, shared: { place: await placeOf(observer.container, ports), ports } };
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
