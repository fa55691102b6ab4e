import type { ConnectionAttestation, ObservationInput } from '../model/observation.ts';
import type { LogLine } from '../model/stack.ts';

interface LogRecord {
  event?: string;
  attestation?: ConnectionAttestation;
  err?: { code?: string; message?: string };
  elapsedMs?: number;
  sql?: string;
  phase?: string;
}

/**
 * What one line of a service's log says to the checkers, or null. Services log JSON lines; a line that is not JSON (a
 * crash, a driver's warning) is kept in the log and judged by nobody.
 */
export function observationFromLog({ process, line }: LogLine, incarnation: number): ObservationInput | null {
  if (!line.startsWith('{')) return null;
  let record: LogRecord;
  try {
    record = JSON.parse(line) as LogRecord;
  } catch {
    return null;
  }
  const { event, attestation, err, elapsedMs = 0, sql = '', phase = 'run' } = record;
  switch (event) {
    case 'attestation':
      return attestation === undefined ? null : { kind: 'attestation', process, incarnation, attestation };
    case 'sqlite-error':
      return {
        kind: 'sqlite-error',
        process,
        code: err?.code ?? 'SQLITE_UNKNOWN',
        message: err?.message ?? '',
        elapsedMs,
        sql,
        phase,
      };
    case 'slow-statement':
      return { kind: 'slow-statement', process, elapsedMs, sql };
    default:
      return null;
  }
}
