/** Exit statuses of every command (sysexits.h for 64, 69 and 70). */
export const EXIT = { pass: 0, fail: 1, unknown: 2, usage: 64, unavailable: 69, internal: 70 } as const;

export type ErrorCode =
  | 'USAGE'
  | 'UNKNOWN_SERVICE'
  | 'UNKNOWN_ENGINE'
  | 'UNKNOWN_FAULT'
  | 'FAULT_SCHEDULE'
  | 'FAULT_UNAVAILABLE'
  | 'UNKNOWN_SCENARIO'
  | 'UNKNOWN_MUTANT'
  | 'MUTANT_RULE_STALE'
  | 'BUNDLE_MISSING'
  | 'BUNDLE_TRUNCATED'
  | 'BUNDLE_TOO_NEW'
  | 'BUNDLE_ALTERED'
  | 'BUNDLE_BROKEN'
  | 'UNKNOWN_REPRO'
  | 'UNKNOWN_SYMPTOM'
  | 'REPRO_BROKEN'
  | 'DATABASE_MISSING'
  | 'DATABASE_UNREADABLE'
  | 'DATABASE_AMBIGUOUS'
  | 'NOT_A_DATABASE'
  | 'INCIDENT_MISSING'
  | 'INCIDENT_UNSAFE'
  | 'INCIDENT_TOO_LARGE'
  | 'INCIDENT_BROKEN'
  | 'REDACTION_FAILED'
  | 'DB_MODULE_MISSING'
  | 'DB_MODULE_BROKEN'
  | 'ENGINE_UNAVAILABLE'
  | 'COMPOSE_UNAVAILABLE'
  | 'BASE_IMAGE_UNAVAILABLE'
  | 'IMAGE_BUILD_FAILED'
  | 'TRACER_UNAVAILABLE'
  | 'PORT_IN_USE'
  | 'DISK_FULL'
  | 'SERVICE_NOT_STARTED'
  | 'PROBE_FAILED'
  | 'INTERRUPTED'
  | 'INTERNAL';

const EXIT_BY_CODE: Partial<Record<ErrorCode, number>> = {
  ENGINE_UNAVAILABLE: EXIT.unavailable,
  FAULT_UNAVAILABLE: EXIT.unavailable,
  COMPOSE_UNAVAILABLE: EXIT.unavailable,
  BASE_IMAGE_UNAVAILABLE: EXIT.unavailable,
  IMAGE_BUILD_FAILED: EXIT.unavailable,
  TRACER_UNAVAILABLE: EXIT.unavailable,
  PORT_IN_USE: EXIT.unavailable,
  DISK_FULL: EXIT.unavailable,
  SERVICE_NOT_STARTED: EXIT.fail,
  PROBE_FAILED: EXIT.internal,
  REPRO_BROKEN: EXIT.internal,
  INTERRUPTED: 130,
  INTERNAL: EXIT.internal,
};

/**
 * An error meant for the person at the terminal. `message` says what was expected, what was seen and where; `next` is
 * what to do now. `details` are lines shown below it, e.g. the last log lines of a process.
 */
export class WalproofError extends Error {
  readonly code: ErrorCode;
  readonly next: string;
  readonly details: readonly string[];

  constructor(
    code: ErrorCode,
    message: string,
    next: string,
    options: { details?: readonly string[]; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'WalproofError';
    this.code = code;
    this.next = next;
    this.details = options.details ?? [];
  }

  get exitCode(): number {
    return EXIT_BY_CODE[this.code] ?? EXIT.usage;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
