import { WalproofError } from '../../model/errors.ts';

/** ENOSPC and EDQUOT become DISK_FULL naming the place; any other error is returned as it is. */
export function asDiskFull(error: unknown, where: string): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return error;
  return new WalproofError(
    'DISK_FULL',
    `expected room for files in ${where}, but the disk is full (${code})`,
    `Free space there (df -h ${where} shows it), then run again.`,
    { cause: error },
  );
}
