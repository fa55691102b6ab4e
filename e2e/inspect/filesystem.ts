/** The filesystem that a file lies on, and whether WAL is sound there. */
import { readFileSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FilesystemFacts } from './facts.ts';

/** WAL keeps its index in shared memory, which needs one kernel (https://sqlite.org/wal.html, section 1). */
const UNSOUND: readonly [RegExp, string][] = [
  [
    /^nfs\d?$|^afs$|^ceph$|^lustre$|^glusterfs$|^ocfs2$|^gfs2$/,
    'a network filesystem: clients on other machines do not share the index',
  ],
  [/^(cifs|smb\d?|smbfs|smb3)$/, 'SMB: clients on other machines do not share the index, and its locks are mandatory'],
  [
    /^(9p|v9fs|virtiofs|vboxsf|vmhgfs|prl_fs|drvfs|fakeowner|fuse\.(grpcfuse|osxfs|vmhgfs-fuse))/,
    'a folder of another kernel: host and virtual machine do not share the index',
  ],
  [/^fuse/, 'a FUSE filesystem: whether shared memory and locks are those of one kernel depends on its program'],
];
const LOCAL = /^(ext[234]|xfs|btrfs|zfs|f2fs|bcachefs|tmpfs|ramfs|apfs|hfs|jfs|reiserfs|overlay|ntfs3?)$/;

/** Octal escapes of spaces and the like in /proc/self/mountinfo. */
function unescaped(text: string): string {
  return text.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}

/** @param device `major:minor` in decimal, as mountinfo writes it. */
export function filesystemOf(path: string, device: string, mountinfo = readMounts()): FilesystemFacts {
  let best: { mountPoint: string; type: string; readOnly: boolean } | null = null;
  for (const line of (mountinfo ?? '').split('\n')) {
    // Fields as in proc_pid_mountinfo(5); optional ones stand before the hyphen.
    const [mount = '', rest = ''] = line.split(' - ');
    const [, , dev, , point, options = ''] = mount.split(' ');
    const [type, , superOptions = ''] = rest.split(' ');
    if (point === undefined || type === undefined || (dev !== device && !/^(overlay|btrfs)/.test(type))) continue;
    const mountPoint = unescaped(point);
    const below = mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
    if (!below || (best !== null && best.mountPoint.length > mountPoint.length)) continue;
    const readOnly = [...options.split(','), ...superOptions.split(',')].includes('ro');
    best = { mountPoint, type, readOnly };
  }
  if (best === null) return { ...judged(byStatfs(path)), mountPoint: null, readOnly: false };
  return { ...judged(best.type), mountPoint: best.mountPoint, readOnly: best.readOnly };
}

function judged(type: string): Pick<FilesystemFacts, 'type' | 'walSound' | 'because'> {
  const [, reason] = UNSOUND.find(([pattern]) => pattern.test(type)) ?? [];
  if (reason !== undefined) return { type, walSound: false, because: reason };
  if (type === 'overlay')
    return {
      type,
      walSound: true,
      because: 'sound inside one container; a file in the layer of a container goes with it',
    };
  if (LOCAL.test(type))
    return { type, walSound: true, because: 'a local filesystem: everybody who opens it has one kernel' };
  return { type, walSound: null, because: 'not a type that is known here' };
}

function readMounts(): string | null {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return null;
  }
}

/** Of network filesystems only: the others are told by their mount where there is a table of them. */
const MAGIC: Readonly<Record<number, string>> = {
  26985: 'nfs',
  4283649346: 'cifs',
  4266872130: 'smb2',
  16914839: '9p',
  1702057286: 'fuse',
  26: 'apfs',
};

function byStatfs(path: string): string {
  const magic = statfsSync(dirname(path)).type >>> 0;
  return MAGIC[magic] ?? `0x${magic.toString(16)}`;
}
