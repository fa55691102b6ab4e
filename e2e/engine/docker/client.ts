import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';

// Ryuk, the container with which testcontainers cleans up, needs the Docker socket inside a container and an image that not
// every machine can pull. Cleaning up is the engine's own duty instead: by label, at the end and at the next start.
process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';

const require = createRequire(import.meta.url);

let client: Docker | undefined;

/** The Docker client. testcontainers, dockerode and the scripts must all reach the same daemon. */
export function docker(options: { timeoutMs?: number } = {}): Docker {
  const socket = unusualSocket();
  if (socket !== undefined) process.env['DOCKER_HOST'] = `unix://${socket}`;
  if (options.timeoutMs !== undefined) return newClient({ timeout: options.timeoutMs });
  client ??= newClient();
  return client;
}

/** Not loaded before: with what dockerode draws in, gRPC and SSH, it is a third of a command's files, and most commands ask no daemon. */
function newClient(options?: Docker.DockerOptions): Docker {
  const Client = require('dockerode') as typeof Docker;
  return new Client(options);
}

/** Where the daemon is looked for, in words. */
export function daemonAddress(): string {
  return process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
}

// Rootless engines and Docker Desktop listen elsewhere; testcontainers looks there and dockerode only in part.
function unusualSocket(): string | undefined {
  if (process.env['DOCKER_HOST'] !== undefined || process.platform === 'win32') return undefined;
  if (existsSync('/var/run/docker.sock')) return undefined;
  const runtimeDir = process.env['XDG_RUNTIME_DIR'];
  const candidates = [
    ...(runtimeDir === undefined ? [] : [join(runtimeDir, 'docker.sock')]),
    join(homedir(), '.docker', 'run', 'docker.sock'),
    join(homedir(), '.docker', 'desktop', 'docker.sock'),
  ];
  return candidates.find((path) => existsSync(path));
}

/** The HTTP status of the daemon's refusal, undefined when it was no refusal. */
export function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

/** Waits for the daemon; a refusal with one of the given statuses means that there was nothing to do. */
export async function tolerating<T>(statuses: readonly number[], work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    const status = statusOf(error);
    if (status !== undefined && statuses.includes(status)) return undefined;
    throw error;
  }
}
