import { stat, statfs } from 'node:fs/promises';
import { hasExt4Journal } from './ext4-journal.ts';

/** The magic numbers of statfs(2) on Linux, and the type numbers of macOS for its two local filesystems. */
const NAMES: Readonly<Record<number, string>> = {
  61267: 'ext4',
  2035054128: 'overlay',
  16914836: 'tmpfs',
  2240043254: 'ramfs',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  801189825: 'zfs',
  4076150800: 'f2fs',
  3393526350: 'bcachefs',
  1702057286: 'fuse',
  16914839: '9p',
  26985: 'nfs',
  4266872130: 'smb2',
  4283649346: 'cifs',
  1397118030: 'ntfs',
  26: 'apfs',
  17: 'hfs',
};

export const WITHOUT_JOURNAL = 'ext4 without a journal';

/** Filesystem type of a folder, its number in hexadecimal where the name is not known. */
export async function filesystemType(folder: string): Promise<string> {
  const { type } = await statfs(folder);
  // Some platforms give the 32-bit number with its sign.
  const magic = type >>> 0;
  return NAMES[magic] ?? `0x${magic.toString(16)}`;
}

/** The same with what makes its figures of speed no measure of others: `ext4 without a journal`. */
export async function filesystemInWords(folder: string): Promise<string> {
  const type = await filesystemType(folder);
  const slow = type === 'ext4' && hasExt4Journal((await stat(folder)).dev) === false;
  return slow ? WITHOUT_JOURNAL : type;
}
