import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { copyFile, cp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import type { StackOptions } from '../../model/stack.ts';
import { PROJECT_ROOT } from '../shared/project-root.ts';
import { writeOwnerRecord } from './owner-record.ts';

/** Every temporary folder begins with this, and a stack's folder goes on with run id and service. */
export const FOLDER_PREFIX = 'walproof-';

/** Kept between runs, beside the packages it was compiled from; where it cannot be written, Node does without. */
const COMPILE_CACHE = join(PROJECT_ROOT, 'node_modules', '.cache', 'walproof-compiled');

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
    return folder;
  } catch (error) {
    rmSync(path, { recursive: true, force: true });
    throw error;
  }
}

/** What every process of the folder gets; a definition's own env comes on top. */
export function baseEnvironment(folder: StackFolder): Record<string, string> {
  return {
    PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
    HOME: homeOf(folder.path),
    TMPDIR: join(folder.path, 'tmp'),
    NODE_ENV: 'production',
    // A run starts some forty processes of the same few programs; compiled once, each costs a third less CPU.
    NODE_COMPILE_CACHE: COMPILE_CACHE,
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
  { service, dbModule }: Pick<StackOptions, 'service' | 'dbModule'>,
): Promise<void> {
  const source = join(PROJECT_ROOT, service.sourceDir);
  await rm(folder.app, { recursive: true, force: true });
  await cp(source, folder.app, { recursive: true, filter: (path) => basename(path) !== 'node_modules' });
  const ownPackages = join(source, 'node_modules');
  if (existsSync(ownPackages)) await symlink(ownPackages, join(folder.app, 'node_modules'));
  if (dbModule !== undefined) await copyFile(dbModule, join(folder.app, service.dbModule));
}

/** Puts a database file at the service's database path. */
export async function seedDatabase(folder: StackFolder, database: string, seed: string): Promise<void> {
  const target = join(folder.data, database);
  await mkdir(dirname(target), { recursive: true });
  await copyFile(seed, target);
}
