import { release, tmpdir } from 'node:os';
import { WalproofError } from '../../model/errors.ts';
import type { Engine, Stack, StackOptions } from '../../model/stack.ts';
import { requireDbModule } from '../shared/db-module.ts';
import { asDiskFull } from '../shared/disk-full.ts';
import { createFolder, installApp, linkPackages, seedDatabase } from './folder.ts';
import { removeLeftovers } from './leftovers.ts';
import { limitData, removeFolder, whyNoDataLimit } from './limited-data.ts';
import { refusePlacement } from './needs-docker.ts';
import { type PortReservation, reservePort } from './port-reservation.ts';
import { ProcessStack } from './stack.ts';

/** The engine that needs nothing but Node: plain child processes on a temporary folder. */
export function createProcessEngine(): Engine {
  return {
    name: 'process',
    prepare: async () => requirePosix(),
    createStack,
    whyNoDataLimit,
    removeLeftovers: () => removeLeftovers(tmpdir()),
    versions: async () => ({
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
      kernel: release(),
    }),
  };
}

async function createStack(options: StackOptions): Promise<Stack> {
  requirePosix();
  const { service, dbModule, seedDatabase: seed, dataLimitBytes, placements = {} } = options;
  for (const [name, placement] of Object.entries(placements)) refusePlacement(name, placement);
  if (dbModule !== undefined) await requireDbModule(dbModule);
  const ports: PortReservation[] = [];
  const folder = makeFolder(options);
  try {
    if (dataLimitBytes !== undefined) await limitData(folder, dataLimitBytes);
    await linkPackages(folder);
    await installApp(folder, options);
    if (seed !== undefined) await seedDatabase(folder, service.database, seed);
    while (ports.length < service.processes.length) ports.push(await reservePort());
    return new ProcessStack(options, folder, ports);
  } catch (error) {
    for (const port of ports) port.release();
    removeFolder(folder.path);
    throw asDiskFull(error, tmpdir());
  }
}

function makeFolder({ runId, service }: StackOptions) {
  try {
    return createFolder(tmpdir(), runId, service.name);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR'].includes(code)) throw asDiskFull(error, tmpdir());
    throw new WalproofError(
      'ENGINE_UNAVAILABLE',
      `expected to make a folder in ${tmpdir()}, but it was refused (${code})`,
      'Set TMPDIR to a folder that you may write to, on a local disk.',
      { cause: error },
    );
  }
}

/** Freezing and killing a process with its children needs process groups and SIGSTOP. */
function requirePosix(): void {
  if (process.platform !== 'win32') return;
  throw new WalproofError(
    'ENGINE_UNAVAILABLE',
    'expected Linux or macOS for the process engine, but this is Windows, which has no process groups and no SIGSTOP',
    'Run it inside WSL 2, or use --engine docker.',
  );
}
