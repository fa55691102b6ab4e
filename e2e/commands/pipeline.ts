import { appendFile } from 'node:fs/promises';
import { messageOf } from '../model/errors.ts';
import { annotations, stepSummary } from '../report/github.ts';
import type { VerdictDocument } from '../report/verdict-document.ts';

/**
 * Tells GitHub Actions of a verdict, where it asks: the summary of the step in the file that it names, annotations on stderr,
 * since stdout may be a document. What cannot be told is no reason to lose the verdict.
 */
export async function tellPipeline(
  document: VerdictDocument,
  env: NodeJS.ProcessEnv = process.env,
  say: (line: string) => void = (line) => process.stderr.write(`${line}\n`),
): Promise<void> {
  const file = env['GITHUB_STEP_SUMMARY'];
  if (file) {
    await appendFile(file, stepSummary(document)).catch((error: unknown) =>
      say(`walproof: the step summary could not be written: ${messageOf(error)}`),
    );
  }
  if (env['GITHUB_ACTIONS'] === 'true') for (const line of annotations(document)) say(line);
}
