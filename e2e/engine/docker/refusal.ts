import { type ErrorCode, messageOf, WalproofError } from '../../model/errors.ts';
import { daemonAddress, statusOf } from './client.ts';

const DISK_FULL = {
  // ENOSPC as Go, libc and Node say it, and a quota of the daemon's filesystem.
  pattern: /no space left on device|\bENOSPC\b|disk quota exceeded|\bEDQUOT\b/i,
  code: 'DISK_FULL',
  next: 'Free space where Docker keeps its data (docker system df shows it), then run again.',
} as const;

/** Reasons of the daemon that have nothing to do with the service, each with a next step of its own. */
const REASONS: readonly { pattern: RegExp; code: ErrorCode; next: string }[] = [
  DISK_FULL,
  {
    pattern: /port is already allocated|address already in use/i,
    code: 'PORT_IN_USE',
    next: 'End the program that listens there (ss -ltnp shows it), then run again.',
  },
  {
    pattern: /address pool/i,
    code: 'ENGINE_UNAVAILABLE',
    next: 'Too many Docker networks exist: remove unused ones (docker network prune), then run again.',
  },
  {
    // The only file of the host that is mounted is the db module.
    pattern: /bind source path does not exist|mounts denied/i,
    code: 'DB_MODULE_MISSING',
    next: 'Check that the file is still there and that Docker may mount it (Docker Desktop: Resources, File sharing).',
  },
  {
    pattern: /no such image|image .* does not exist/i,
    code: 'IMAGE_BUILD_FAILED',
    next: 'The image was removed meanwhile; run again and it is built anew.',
  },
];

/** The error for something that the daemon did not do; a WalproofError is returned as it is. */
export function refusal(what: string, error: unknown): WalproofError {
  if (error instanceof WalproofError) return error;
  const seen = messageOf(error).trim();
  if (statusOf(error) === undefined && isConnectionLost(error)) {
    const next = 'Check that Docker still runs (docker version), then run again.';
    return new WalproofError('ENGINE_UNAVAILABLE', `expected ${daemonAddress()} to ${what}: ${seen}`, next, {
      cause: error,
    });
  }
  const reason = REASONS.find(({ pattern }) => pattern.test(seen));
  const next = reason?.next ?? 'Read what the daemon says, mend it, then run again.';
  return new WalproofError(
    reason?.code ?? 'ENGINE_UNAVAILABLE',
    `expected the Docker daemon to ${what}, but it refused: ${seen}`,
    next,
    { cause: error },
  );
}

/** The error for work of the daemon that failed for want of room, as its last lines show; null when it did not. */
export function diskFull(what: string, lines: readonly string[]): WalproofError | null {
  const seen = lines.find((line) => DISK_FULL.pattern.test(line));
  if (seen === undefined) return null;
  const message = `expected the Docker daemon to ${what}, but its disk is full: ${seen.trim()}`;
  return new WalproofError(DISK_FULL.code, message, DISK_FULL.next, { details: lines });
}

function isConnectionLost(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return syscall === 'connect' || code === 'ECONNRESET' || code === 'EPIPE';
}

/** Waits for the daemon, and turns its refusal into an error for a person. */
export async function asked<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw refusal(what, error);
  }
}
