import type { ConnectionAttestation, ObservationInput, OpenFilesSeen } from '../model/observation.ts';
import type { LogLine } from '../model/stack.ts';

interface LogRecord {
  event?: string;
  attestation?: ConnectionAttestation;
  err?: { code?: string; message?: string };
  elapsedMs?: number;
  sql?: string;
  phase?: string;
  files?: OpenFilesSeen['files'];
  beganAtMs?: number;
  durationMs?: number;
  starvedMs?: number | null;
  /** ISO 8601. */
  time?: string;
  clean?: boolean;
  connection?: number;
  statements?: number;
}

/**
 * What one line of a service's log says to the checkers, or null. Services log JSON lines; a line that is not JSON (a
 * crash, a driver's warning) is kept in the log and judged by nobody.
 *
 * @param runTimeOf the run's clock at a wall-clock time in ms; lines arrive later than what they tell of.
 */
export function observationFromLog(
  { process, line }: LogLine,
  incarnation: number,
  runTimeOf?: (epochMs: number) => number,
): ObservationInput | null {
  if (!line.startsWith('{')) return null;
  let record: LogRecord;
  try {
    record = JSON.parse(line) as LogRecord;
  } catch {
    return null;
  }
  const { event, attestation, err, elapsedMs = 0, sql = '', phase = 'run', files = [] } = record;
  const { durationMs = 0, starvedMs = null, time = '', clean, connection = 0, statements = 0 } = record;
  const at = (epochMs: number) =>
    runTimeOf === undefined || Number.isNaN(epochMs) ? {} : { atMs: runTimeOf(epochMs) };
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
    case 'long-transaction':
      return { kind: 'long-transaction', process, connection, elapsedMs, statements, sql };
    case 'slow-statement':
      return { kind: 'slow-statement', process, elapsedMs, sql };
    case 'open-files':
      return { kind: 'open-files', process, incarnation, files, ...at(Date.parse(time)) };
    case 'loop-watched':
      return { kind: 'loop-watched', process, incarnation };
    case 'loop-stalled':
      return {
        kind: 'loop-stalled',
        process,
        incarnation,
        durationMs,
        starvedMs,
        ...at(record.beganAtMs ?? Number.NaN),
      };
    case 'stopped':
      return clean === undefined ? null : { kind: 'database-closed', process, incarnation, clean };
    default:
      return null;
  }
}
