import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { messageOf, WalproofError } from '../../model/errors.ts';
import type { ServiceDefinition } from '../../model/service.ts';
import { PROJECT_ROOT } from '../shared/project-root.ts';

/** One file of the build context, by its path in the project with forward slashes. */
export interface BuildInput {
  path: string;
  content: Buffer;
}

const SHARED_FILES = ['package.json', 'package-lock.json', '.npmrc'];
const SHARED_DIRS = ['fixtures/service-kit'];

/**
 * The files an image is built from. The context that the daemon gets holds exactly these, so whatever a Dockerfile can
 * copy is covered by the hash in the image's tag; .dockerignore does the same for builds by Compose and by hand.
 */
export async function buildInputs(service: ServiceDefinition): Promise<BuildInput[]> {
  const paths = new Set([...SHARED_FILES, ...(await workspaceManifests())]);
  for (const dir of [...SHARED_DIRS, service.sourceDir]) {
    for (const path of await filesBelow(dir)) paths.add(path);
  }
  const inputs: BuildInput[] = [];
  for (const path of [...paths].sort()) inputs.push({ path, content: await readFile(join(PROJECT_ROOT, path)) });
  const dockerfile = dockerfileOf(service);
  if (!paths.has(dockerfile)) {
    throw new WalproofError(
      'IMAGE_BUILD_FAILED',
      `expected a Dockerfile for ${service.name} at ${dockerfile}, found none`,
      'add one, or correct sourceDir in the service definition',
    );
  }
  return inputs;
}

export function dockerfileOf(service: ServiceDefinition): string {
  return `${service.sourceDir}/Dockerfile`;
}

/** Changes when any input or the base image's name does. */
export function inputsHash(inputs: readonly BuildInput[], baseImage: string): string {
  const hash = createHash('sha256').update(`${baseImage}\0`);
  for (const { path, content } of inputs) hash.update(`${path}\0${content.length}\0`).update(content);
  return hash.digest('hex').slice(0, 12);
}

// npm ci refuses a lock file whose workspaces are not all there.
async function workspaceManifests(): Promise<string[]> {
  const manifest: { workspaces?: string[] } = JSON.parse(await readFile(join(PROJECT_ROOT, 'package.json'), 'utf8'));
  return (manifest.workspaces ?? []).map((dir) => `${dir}/package.json`);
}

async function filesBelow(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(join(PROJECT_ROOT, dir), { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(PROJECT_ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'))
      .filter((path) => !path.split('/').includes('node_modules') && !path.endsWith('.log'));
  } catch (error) {
    throw new WalproofError('IMAGE_BUILD_FAILED', `cannot read ${dir}: ${messageOf(error)}`, 'check the checkout', {
      cause: error,
    });
  }
}
