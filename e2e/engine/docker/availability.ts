import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { messageOf, WalproofError } from '../../model/errors.ts';
import { daemonAddress, docker } from './client.ts';

const DEADLINE_MS = 2_500;
const run = promisify(execFile);

export interface DockerAvailable {
  ok: true;
  version: string;
  apiVersion: string;
  /** Null when the Compose v2 plugin does not answer; `docker compose up` and `walproof down` need it, runs do not. */
  composeVersion: string | null;
}

export interface DockerUnavailable {
  ok: false;
  reason: string;
  next: string;
}

export type DockerAvailability = DockerAvailable | DockerUnavailable;

/** Whether a Docker daemon with Linux containers answers. Answers within 3 s and never throws. */
export async function dockerAvailability(): Promise<DockerAvailability> {
  try {
    const [daemon, composeVersion] = await Promise.all([daemonVersion(), findComposeVersion()]);
    if (daemon.Os !== 'linux') {
      return {
        ok: false,
        reason: `expected a daemon with Linux containers, the one at ${daemonAddress()} runs ${daemon.Os} containers`,
        next: 'switch Docker to Linux containers',
      };
    }
    return { ok: true, version: daemon.Version, apiVersion: daemon.ApiVersion, composeVersion };
  } catch (error) {
    return explain(error);
  }
}

/** The daemon's versions, or an ENGINE_UNAVAILABLE that says why there is none. */
export async function requireDocker(): Promise<DockerAvailable> {
  const found = await dockerAvailability();
  if (found.ok) return found;
  throw new WalproofError('ENGINE_UNAVAILABLE', `the docker engine needs a Docker daemon: ${found.reason}`, found.next);
}

/** The same with Compose, else a COMPOSE_UNAVAILABLE. */
export async function requireCompose(): Promise<DockerAvailable> {
  const found = await requireDocker();
  if (found.composeVersion !== null) return found;
  throw new WalproofError(
    'COMPOSE_UNAVAILABLE',
    `expected \`docker compose version\` to answer 2 or newer beside Docker ${found.version}, it did not`,
    'install the Compose v2 plugin (Debian and Ubuntu: docker-compose-v2 or docker-compose-plugin), or leave --engine out',
  );
}

async function daemonVersion(): Promise<{ Version: string; ApiVersion: string; Os: string }> {
  return await docker({ timeoutMs: DEADLINE_MS }).version();
}

async function findComposeVersion(): Promise<string | null> {
  try {
    const { stdout } = await run('docker', ['compose', 'version', '--short'], { timeout: DEADLINE_MS });
    const version = stdout.trim().replace(/^v/, '');
    return Number.parseInt(version, 10) >= 2 ? version : null;
  } catch {
    // No docker command, no plugin, or no answer in time: all of them mean that Compose cannot be used.
    return null;
  }
}

function explain(error: unknown): DockerUnavailable {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  const where = daemonAddress();
  if (code === 'ENOENT') {
    return {
      ok: false,
      reason: `there is no socket at ${where}`,
      next: 'install and start Docker, set DOCKER_HOST, or use --engine process',
    };
  }
  if (code === 'EACCES') {
    return {
      ok: false,
      reason: `no permission to open ${where}`,
      next: 'add your user to the group docker (then log in again), or use --engine process',
    };
  }
  // What a request looks like that the client gave up after its timeout: the daemon hangs.
  if (code === 'ECONNRESET') {
    return {
      ok: false,
      reason: `${where} accepted the connection and did not answer within ${DEADLINE_MS} ms`,
      next: 'restart Docker, or use --engine process',
    };
  }
  if (code === 'ECONNREFUSED') {
    return {
      ok: false,
      reason: `nothing listens at ${where}`,
      next: 'start Docker, or use --engine process',
    };
  }
  return {
    ok: false,
    reason: `${where} does not answer as a Docker daemon: ${messageOf(error)}`,
    next: 'check it with `docker version`, or use --engine process',
  };
}
