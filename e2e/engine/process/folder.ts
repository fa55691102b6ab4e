import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { copyFile, cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import type { StackOptions } from '../../model/stack.ts';
import { SEED_SUFFIXES } from '../shared/database-files.ts';
import { PROJECT_ROOT } from '../shared/project-root.ts';
import { writeOwnerRecord } from './owner-record.ts';

/** Every temporary folder begins with this, and a stack's folder goes on with run id and service. */
export const FOLDER_PREFIX = 'walproof-';

/** Kept between runs, beside the packages it was compiled from. */
const COMPILE_CACHE = join(PROJECT_ROOT, 'node_modules', '.cache', 'walproof-compiled');

/** The cache as the processes of a folder see it, so that their programs lie beside it as those of every other folder do. */
const compiledOf = (folder: string) => join(folder, 'compiled');

/** HOME of every process of a folder. No other process has it, so it also tells which processes belong to a folder. */
export function homeOf(folder: string): string {
  return join(folder, 'home');
}

/** The temporary folder of a stack. */
export interface StackFolder {
  path: string;
  /** `{data}` of the service. */
  data: string;
  /** The service's source, with the db module in its place. */
  app: string;
}

/** Makes the folder and says whose it is. Synchronous: a folder that was made has its record a moment later. */
export function createFolder(tmpRoot: string, runId: string, service: string): StackFolder {
  const name = `${FOLDER_PREFIX}${runId}-${service}-`.replace(/[^\w.-]/g, '-');
  const path = mkdtempSync(join(realpathSync(tmpRoot), name));
  try {
    writeOwnerRecord(path, []);
    const folder = { path, data: join(path, 'data'), app: join(path, 'app') };
    for (const made of [folder.data, homeOf(path), join(path, 'tmp'), join(path, 'beside')]) mkdirSync(made);
    shareCompiled(path, service);
    return folder;
  } catch (error) {
    rmSync(path, { recursive: true, force: true });
    throw error;
  }
}

/** Each service has a cache of its own: programs of two services have the same place, and would put each other out. */
function shareCompiled(folder: string, service: string): void {
  const shared = join(COMPILE_CACHE, service.replace(/[^\w-]/g, '-'));
  try {
    mkdirSync(shared, { recursive: true });
  } catch {
    // The project may be another user's or on a read-only disk: then every start compiles for itself.
    return;
  }
  symlinkSync(shared, compiledOf(folder));
}

/** What every process of the folder gets; a definition's own env comes on top. */
export function baseEnvironment(folder: StackFolder): Record<string, string> {
  return {
    PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
    HOME: homeOf(folder.path),
    TMPDIR: join(folder.path, 'tmp'),
    NODE_ENV: 'production',
    // A run starts some forty processes of the same few programs; compiled once, each costs a third less CPU.
    NODE_COMPILE_CACHE: compiledOf(folder.path),
    // By their place relative to the cache: else a program would be another one in the folder of each run, and be kept for ever.
    NODE_COMPILE_CACHE_PORTABLE: '1',
  };
}

/**
 * Puts the project's packages in reach. A symlink is enough: packages resolve to their real path, so that workspaces of
 * TypeScript are not below a `node_modules` folder, where Node refuses to strip types.
 */
export async function linkPackages(folder: StackFolder): Promise<void> {
  await symlink(join(PROJECT_ROOT, 'node_modules'), join(folder.path, 'node_modules'));
  // Without it Node warns on stderr that it had to guess the module type of programs run beside the services.
  await writeFile(join(folder.path, 'package.json'), '{ "type": "module" }\n');
}

/** Makes `app/` anew from the service's source. */
export async function installApp(
  folder: StackFolder,
  { service, dbModule, overlay }: Pick<StackOptions, 'service' | 'dbModule' | 'overlay'>,
): Promise<void> {
  await rm(folder.app, { recursive: true, force: true });
  await copySource(service.sourceDir, folder.app);
  const ownPackages = join(PROJECT_ROOT, service.sourceDir, 'node_modules');
  if (existsSync(ownPackages)) await symlink(ownPackages, join(folder.app, 'node_modules'));
  if (dbModule !== undefined) await copyFile(dbModule, join(folder.app, service.dbModule));
  for (const [path, file] of overlay ?? []) {
    const inService = path.startsWith(`${service.sourceDir}/`);
    const root = inService ? folder.app : await ownWorkspace(folder, path);
    const depth = inService ? service.sourceDir.length : workspaceOf(path).length;
    await copyFile(file, join(root, path.slice(depth + 1)));
  }
}

async function copySource(sourceDir: string, to: string): Promise<void> {
  const filter = (path: string) => basename(path) !== 'node_modules';
  await cp(join(PROJECT_ROOT, sourceDir), to, { recursive: true, filter });
}

/** `fixtures/service-kit` of a path below it. */
function workspaceOf(path: string): string {
  return path.split('/').slice(0, 2).join('/');
}

/**
 * A copy of a workspace for this folder alone, found by the app before the one that all share. It must not lie below
 * `node_modules` itself, where Node refuses to strip types.
 */
async function ownWorkspace(folder: StackFolder, path: string): Promise<string> {
  const workspace = workspaceOf(path);
  const copy = join(folder.path, workspace);
  const { name } = JSON.parse(await readFile(join(PROJECT_ROOT, workspace, 'package.json'), 'utf8')) as {
    name: string;
  };
  const link = join(folder.app, 'node_modules', name);
  if (!existsSync(copy)) await copySource(workspace, copy);
  if (!existsSync(link)) {
    await mkdir(dirname(link), { recursive: true });
    await symlink(copy, link);
  }
  return copy;
}

/** Puts a database file at the service's database path, with a -wal or rollback journal where one lies beside it. */
export async function seedDatabase(folder: StackFolder, database: string, seed: string): Promise<void> {
  const target = join(folder.data, database);
  await mkdir(dirname(target), { recursive: true });
  await copyFile(seed, target);
  for (const suffix of SEED_SUFFIXES)
    if (suffix !== '' && existsSync(`${seed}${suffix}`)) await copyFile(`${seed}${suffix}`, `${target}${suffix}`);
}
