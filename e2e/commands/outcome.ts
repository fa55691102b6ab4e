import { asDiskFull } from '../engine/shared/disk-full.ts';
import { EXIT, messageOf, WalproofError } from '../model/errors.ts';
import type { Verdict } from '../model/verdict.ts';

/** What a command leaves: an exit code, a text for people and a document for programs. */
export interface Outcome {
  exitCode: number;
  /** Made when it is asked for, where making it takes a while that a program need not wait for. */
  text: string | (() => Promise<string>);
  document: unknown;
  /** Where the text goes; errors go to stderr. */
  stream: 'stdout' | 'stderr';
}

const EXIT_OF: Record<Verdict, number> = { pass: EXIT.pass, fail: EXIT.fail, unknown: EXIT.unknown };

export function exitOf(verdict: Verdict): number {
  return EXIT_OF[verdict];
}

export function done(exitCode: number, text: Outcome['text'], document: unknown): Outcome {
  return { exitCode, text, document, stream: 'stdout' };
}

/** The outcome of anything thrown: never a stack trace, unless WALPROOF_DEBUG asks for it. */
export function failed(thrown: unknown): Outcome {
  // A disk can be full wherever something is written.
  const error = asDiskFull(thrown);
  const known =
    error instanceof WalproofError
      ? error
      : new WalproofError(
          'INTERNAL',
          `walproof itself failed: ${messageOf(error)}`,
          'please report it, with the output of the same command under WALPROOF_DEBUG=1',
          { cause: error },
        );
  const { code, message, next, details, exitCode } = known;
  const lines = [`walproof: ${message} [${code}]`, `next: ${next}`, ...details.map((line) => `  | ${line}`)];
  if (process.env['WALPROOF_DEBUG'] === '1' && thrown instanceof Error) lines.push(String(thrown.stack));
  return {
    exitCode,
    text: `${lines.join('\n')}\n`,
    document: { error: { code, message, next, details } },
    stream: 'stderr',
  };
}

/** Writes the outcome out; with `--json` exactly one document on stdout. */
export async function print(outcome: Outcome, json: boolean): Promise<void> {
  if (json) return write(process.stdout, `${JSON.stringify(outcome.document, null, 2)}\n`);
  const text = typeof outcome.text === 'string' ? outcome.text : await outcome.text();
  return write(process[outcome.stream], text.endsWith('\n') ? text : `${text}\n`);
}

/** Resolves when the text was taken, so that a pipe gets all of it. A reader that has gone (`| head`) is no error. */
async function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  const written = Promise.withResolvers<void>();
  stream.once('error', () => written.resolve());
  stream.write(text, () => written.resolve());
  await written.promise;
}

export { EXIT };
