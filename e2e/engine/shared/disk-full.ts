import { WalproofError } from '../../model/errors.ts';

export function isDiskFull(error: unknown): boolean {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** ENOSPC and EDQUOT become DISK_FULL naming the place; any other error is returned as it is. */
export function asDiskFull(error: unknown, where: string = placeOf(error)): unknown {
  if (!isDiskFull(error)) return error;
  return new WalproofError(
    'DISK_FULL',
    `expected room for files in ${where}, but the disk is full (${(error as NodeJS.ErrnoException).code})`,
    `Free space there (df -h ${where} shows it), then run again.`,
    { cause: error },
  );
}

/** Where Node says that it wrote. An error of a write alone names no path. */
function placeOf(error: unknown): string {
  const { path, dest } = error as { path?: string; dest?: string };
  return dest ?? path ?? process.cwd();
}
