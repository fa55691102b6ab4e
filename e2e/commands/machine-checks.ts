/** What `walproof doctor` looks at, one function each. None of them throws. */
import { statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { platform, release, tmpdir } from 'node:os';
import { dockerAvailability } from '../engine/docker/availability.ts';
import { baseImageTag, imageExists } from '../engine/docker/base-image.ts';
import { filesystemInWords, WITHOUT_JOURNAL } from '../engine/process/filesystem-type.ts';
import { messageOf } from '../model/errors.ts';
import { SERVICES } from '../services/index.ts';

export interface MachineCheck {
  name: string;
  ok: boolean;
  detail: string;
  /** Null when nothing is to be done. */
  next: string | null;
}

const OLDEST_NODE = 24;
/** Two services with copies and logs of a run take some hundred megabytes. */
const LEAST_FREE_BYTES = 1024 ** 3;
/** WAL keeps its index in shared memory, which these do not share between kernels (https://sqlite.org/wal.html, section 2.2). */
const UNSOUND = /^(nfs|cifs|smb|9p|v9fs|fuse|virtiofs|fakeowner)/i;

async function node(): Promise<MachineCheck> {
  const ok = Number(process.versions.node.split('.')[0]) >= OLDEST_NODE;
  const next = ok ? null : 'start it through npm (npm start, npx walproof): npm puts its own Node 24 first';
  return { name: 'node', ok, detail: `${process.version} at ${process.execPath}`, next };
}

async function system(): Promise<MachineCheck> {
  const ok = platform() !== 'win32';
  return { name: 'system', ok, detail: `${platform()} ${release()}`, next: ok ? null : 'run it inside WSL 2' };
}

async function daemon(): Promise<MachineCheck> {
  const found = await dockerAvailability();
  if (found.ok)
    return { name: 'daemon', ok: true, detail: `Docker ${found.version}, API ${found.apiVersion}`, next: null };
  return {
    name: 'daemon',
    ok: false,
    detail: found.reason,
    next: `${found.next}; without it the process engine serves`,
  };
}

async function compose(): Promise<MachineCheck> {
  const found = await dockerAvailability();
  const version = found.ok ? found.composeVersion : null;
  if (version !== null) return { name: 'compose', ok: true, detail: `Compose ${version}`, next: null };
  return {
    name: 'compose',
    ok: false,
    detail: 'docker compose does not answer',
    next: 'install the Compose v2 plugin: docker compose up and --engine docker need it',
  };
}

async function image(): Promise<MachineCheck> {
  const tag = baseImageTag();
  const found = await dockerAvailability();
  if (!found.ok)
    return { name: 'image', ok: false, detail: `${tag}: no daemon to ask`, next: 'start a Docker daemon first' };
  try {
    if (await imageExists(tag)) return { name: 'image', ok: true, detail: `${tag} is here`, next: null };
    return {
      name: 'image',
      ok: true,
      detail: `${tag} is not here yet`,
      next: `the first run pulls it, or makes a stand-in where it cannot; docker pull ${tag} does it now`,
    };
  } catch (error) {
    return { name: 'image', ok: false, detail: messageOf(error), next: 'ask the daemon by hand: docker images' };
  }
}

async function filesystem(): Promise<MachineCheck> {
  const type = await filesystemInWords(tmpdir());
  const ok = !UNSOUND.test(type);
  const next = ok ? slowFiles(type) : 'set TMPDIR to a folder on a local disk: WAL needs shared memory on one kernel';
  return { name: 'filesystem', ok, detail: `${type} at ${tmpdir()}`, next };
}

function slowFiles(type: string): string | null {
  if (type !== WITHOUT_JOURNAL) return null;
  return 'nothing for a verdict; for figures of speed set TMPDIR to another filesystem: this one makes files slowly where many were deleted';
}

async function disk(): Promise<MachineCheck> {
  const { bavail, bsize } = await statfs(tmpdir());
  const ok = bavail * bsize >= LEAST_FREE_BYTES;
  const detail = `${((bavail * bsize) / 1024 ** 3).toFixed(1)} GiB free at ${tmpdir()}`;
  return { name: 'disk', ok, detail, next: ok ? null : 'free at least 1 GiB, or set TMPDIR to another disk' };
}

/** Of the live page. */
const PAGE_PORT = 47_780;

/** The ports that docker compose up publishes. Runs of verify take free ports of their own. */
async function ports(): Promise<MachineCheck> {
  const served = SERVICES.flatMap(({ definition }) => definition.processes.filter((each) => each.servesTraffic));
  const wanted = [...new Set([...served.map(({ port }) => port), PAGE_PORT])];
  const free = await Promise.all(wanted.map(isFree));
  const taken = wanted.filter((_, index) => !free[index]);
  const next =
    taken.length === 0
      ? null
      : `docker compose up needs them: end what listens there (ss -ltnp), or docker compose down`;
  return {
    name: 'ports',
    ok: taken.length === 0,
    detail: taken.length === 0 ? `${wanted.join(', ')} are free` : `${taken.join(', ')} in use`,
    next,
  };
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const settled = Promise.withResolvers<boolean>();
  server.once('error', () => settled.resolve(false));
  server.listen({ port, host: '127.0.0.1', exclusive: true }, () => settled.resolve(true));
  const free = await settled.promise;
  server.close();
  return free;
}

export const MACHINE_CHECKS: readonly (() => Promise<MachineCheck>)[] = [
  node,
  system,
  daemon,
  compose,
  image,
  filesystem,
  disk,
  ports,
];
