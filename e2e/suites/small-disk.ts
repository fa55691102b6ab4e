/** A disk of some kilobytes, which is really full when it is full, for whoever runs the tests. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface SmallDisk {
  path: string;
  /** What runs a command with the disk in place. */
  under: string[];
  /** What the command left on it. */
  left(): string[];
}

// $1 the size in KiB, $2 the folder that becomes the disk, $3 where to write what is left on it, then the command. The mount
// ends with its namespace, and so with the command.
const ON_SMALL_DISK = `size=$1 disk=$2 left=$3; shift 3
  mount -t tmpfs -o size="$size"k,mode=1777 walproof "$disk" || exit 99
  "$@"; code=$?; ls -A "$disk" > "$left"; exit "$code"`;

/** As root; where user namespaces are allowed; where one becomes root without a password, as in many pipelines. */
const NAMESPACES: readonly string[][] = [
  ['unshare', '--mount'],
  ['unshare', '--mount', '--user', '--map-root-user'],
  ['sudo', '-n', 'unshare', '--mount'],
];
/** A container's own /dev/shm has 64 MB; a larger one is the machine's, and filling it would take the machine's memory. */
const FILLABLE_BYTES = 256 * 1024 ** 2;

export function smallDisk(kib: number, use: 'bundles' | 'temporary files'): SmallDisk {
  const unshare = NAMESPACES.find(
    ([program = '', ...args]) => spawnSync(program, [...args, 'mount', '-t', 'tmpfs', 'walproof', '/mnt']).status === 0,
  );
  const { path, under, left } = unshare === undefined ? fillShm(kib) : mounted(kib, unshare);
  return { path, under: [...under, ...(use === 'bundles' ? [] : ['env', `TMPDIR=${path}`])], left };
}

function mounted(kib: number, unshare: readonly string[]): SmallDisk {
  const folder = scratchFolder(tmpdir());
  const [path, left] = [join(folder, 'disk'), join(folder, 'left')];
  mkdirSync(path);
  // As root of the machine it would leave files that this user cannot remove.
  const { uid, gid } = { uid: process.getuid?.(), gid: process.getgid?.() };
  const asUser = unshare[0] === 'sudo' ? ['setpriv', '--reuid', `${uid}`, '--regid', `${gid}`, '--clear-groups'] : [];
  return {
    path,
    under: [...unshare, 'sh', '-c', ON_SMALL_DISK, 'sh', `${kib}`, path, left, ...asUser],
    left: () => readFileSync(left, 'utf8').split('\n').filter(Boolean),
  };
}

/** Where nothing may be mounted, e.g. in a container: its own small /dev/shm, filled up to the size asked for. */
function fillShm(kib: number): SmallDisk {
  const freeBytes = () => {
    const { bavail, bsize } = statfsSync('/dev/shm');
    return bavail * bsize;
  };
  const spareBytes = freeBytes() - kib * 1024;
  if (spareBytes < 0 || spareBytes > FILLABLE_BYTES) {
    throw new Error('expected a disk to fill: run as root, allow user namespaces, or run in a container of its own');
  }
  const filler = scratchFolder('/dev/shm');
  const path = scratchFolder('/dev/shm');
  writeFileSync(join(filler, 'filler'), Buffer.alloc(spareBytes));
  return { path, under: ['env'], left: () => readdirSync(path) };
}

function scratchFolder(parent: string): string {
  const folder = mkdtempSync(join(parent, 'walproof-disk-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
