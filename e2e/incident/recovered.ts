/** What a private copy holds once SQLite has opened it, asked in a process of its own. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { messageOf, WalproofError } from '../model/errors.ts';

const RECOVER = fileURLToPath(new URL('./programs/recover.ts', import.meta.url));
const REDACT = fileURLToPath(new URL('./programs/redact.ts', import.meta.url));
/** integrity_check reads all of it, at some hundred megabytes a second. */
const TIMEOUT_MS = 15 * 60_000;
const MOST_OUTPUT_BYTES = 64 * 2 ** 20;

export interface Recovered {
  /** SQLite's refusal to open it at all; null when it did. */
  refused: string | null;
  tables: { name: string; virtual: boolean; rows: number | null; refused?: string }[];
  integrityCheck: string[];
  foreignKeyCheck: string[];
  fullText: { table: string; complaints: string[] }[];
}

export async function recover(copy: string, signal: AbortSignal): Promise<Recovered> {
  const said = JSON.parse(await run([RECOVER, copy], signal)) as Partial<Recovered>;
  const { refused = null, tables = [], foreignKeyCheck = [], fullText = [] } = said;
  return { refused, tables, integrityCheck: said.integrityCheck ?? [refused ?? 'not run'], foreignKeyCheck, fullText };
}

/** Throws REDACTION_FAILED, and then there is nothing to be kept. */
export async function redact(
  copy: string,
  into: string,
  signal: AbortSignal,
): Promise<{ tables: number; rows: number }> {
  try {
    return JSON.parse(await run([REDACT, copy, into], signal)) as { tables: number; rows: number };
  } catch (error) {
    signal.throwIfAborted();
    const lines = String((error as { stderr?: string }).stderr ?? messageOf(error))
      .trim()
      .split('\n');
    throw new WalproofError(
      'REDACTION_FAILED',
      'expected to blank the text of a copy, but it could not be done, so nothing is kept',
      'a damaged database cannot be redacted; leave --redact and --out away to see the diagnosis alone',
      { details: lines.slice(-5), cause: error },
    );
  }
}

async function run(args: readonly string[], signal: AbortSignal): Promise<string> {
  const limits = { timeout: TIMEOUT_MS, maxBuffer: MOST_OUTPUT_BYTES, signal };
  return (await promisify(execFile)(process.execPath, [...args], limits)).stdout;
}
