/** The lines of an incident's logs that tell of something that went wrong, each kind once. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { IncidentFile } from './source.ts';

/** By name: a log, or anything below a folder of logs. */
const IS_LOG = /(\.(log|txt|out|err|jsonl|ndjson)(\.\d+)?$)|(^|\/)logs?\//i;
/** A bundle's own records are no logs. */
const IS_RECORD = /(^|\/)(history|observations)\.jsonl$/;
const TELLS =
  /SQLITE_[A-Z]|database (table )?is locked|malformed|disk I\/O|readonly database|no such table|constraint failed|unable to open|\berror\b|exception|\bfatal\b|ENOSPC|EROFS|EACCES|ETIMEDOUT|SIGBUS|SIGKILL|\bOOM\b|unhealthy|timed out|not a database/i;
/** pino's levels: 50 is error, 60 fatal. */
const ERROR_LEVEL = 50;
const MOST_BYTES = 256 * 2 ** 20;
const MOST_KINDS = 500;
const LONGEST_LINE = 2_000;

export interface Symptom {
  /** As people would paste it: message, code, time and statement of a JSON line; else the line itself. */
  text: string;
  count: number;
  /** The first one. */
  file: string;
  line: number;
}

export interface LogsRead {
  files: string[];
  lines: number;
  symptoms: Symptom[];
  /** Logs beyond the bound, and kinds of lines beyond theirs. */
  unread: string[];
}

export async function readLogs(files: readonly IncidentFile[]): Promise<LogsRead> {
  const logs = files.filter(({ name }) => IS_LOG.test(name) && !IS_RECORD.test(name));
  const read: LogsRead = { files: [], lines: 0, symptoms: [], unread: [] };
  const kinds = new Map<string, Symptom>();
  let bytes = 0;
  for (const log of logs) {
    bytes += log.bytes;
    if (bytes > MOST_BYTES) {
      read.unread.push(log.name);
      continue;
    }
    read.files.push(log.name);
    let line = 0;
    for await (const text of createInterface({ input: createReadStream(log.path) })) {
      line++;
      note(kinds, symptomIn(text.slice(0, LONGEST_LINE)), log.name, line);
    }
    read.lines += line;
  }
  read.symptoms = [...kinds.values()].toSorted((a, b) => b.count - a.count);
  return read;
}

function note(kinds: Map<string, Symptom>, text: string | null, file: string, line: number): void {
  if (text === null) return;
  // Whether a refusal came at once or after seconds tells bugs apart; other numbers do not.
  const kind = text
    .replace(/\b\d+(\.\d+)?(?! ms)\b/g, '#')
    .replace(/\b(\d+)(\.\d+)? ms/g, (_, ms: string) => `${ms.length} digits of ms`);
  const known = kinds.get(kind);
  if (known !== undefined) known.count++;
  else if (kinds.size < MOST_KINDS) kinds.set(kind, { text, count: 1, file, line });
}

/** Null where the line tells of nothing wrong. */
export function symptomIn(line: string): string | null {
  const record = line.startsWith('{') ? recordIn(line) : null;
  if (record === null) return TELLS.test(line) ? line.trim() : null;
  const { err, msg = '', elapsedMs, sql, level = 0 } = record;
  if (err === undefined && level < ERROR_LEVEL && !TELLS.test(msg)) return null;
  const { code, message = '' } = err ?? {};
  const what = [message || msg, code === undefined ? '' : `(${code})`].filter((part) => part !== '').join(' ');
  const after = elapsedMs === undefined ? '' : ` after ${Math.round(elapsedMs * 10) / 10} ms`;
  return `${what}${after}${sql === undefined ? '' : `: ${sql}`}`;
}

interface LogRecord {
  err?: { code?: string; message?: string };
  msg?: string;
  elapsedMs?: number;
  sql?: string;
  level?: number;
}

function recordIn(line: string): LogRecord | null {
  try {
    return JSON.parse(line) as LogRecord;
  } catch {
    return null;
  }
}
