import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CHECKERS } from '../check/index.ts';
import { messageOf, WalproofError } from '../model/errors.ts';
import { compare } from '../report/compare.ts';
import { comparisonText } from '../report/comparison-text.ts';
import { comparisonPage } from '../report/html/comparison-page.ts';
import { REPORT, reportPage } from '../report/html/page.ts';
import { runFacts } from '../report/html/run-facts.ts';
import { type Side, sideOf } from '../report/html/side.ts';
import { SavedRun } from '../report/saved-run.ts';
import { done, EXIT, type Outcome } from './outcome.ts';
import { controlOf, hadControl, readingRecords, subjectOf } from './saved-evidence.ts';

/**
 * `walproof report <bundle…>`: writes a bundle's report.html anew, with the verdict as the run found it; two or more are
 * compared. The exit code says only whether that could be done: a verdict found earlier is no failure of the report.
 */
export async function report(paths: readonly string[], options: { html?: string }): Promise<Outcome> {
  const [first, ...others] = paths;
  if (first !== undefined && others.length === 0)
    return await reportOn(await SavedRun.open(resolve(first)), options.html);
  const saved: SavedRun[] = [];
  for (const path of paths) saved.push(await SavedRun.open(resolve(path)));
  return await comparisonOf(saved, options.html);
}

async function reportOn(saved: SavedRun, wanted: string | undefined): Promise<Outcome> {
  const file = wanted === undefined ? join(saved.path, REPORT) : resolve(wanted);
  const page = await pageOf(saved);
  await write(file, page);
  const bytes = Buffer.byteLength(page);
  return done(EXIT.pass, `report: ${file} (${bytes} bytes)\n`, { bundle: saved.path, report: file, bytes });
}

async function comparisonOf(saved: readonly SavedRun[], wanted: string | undefined): Promise<Outcome> {
  const runs = saved.map(({ path, run, verdict }) => ({
    startedAt: runFacts(run).startedAt,
    // Where it lies now, and not where it was made.
    document: { ...verdict, bundle: path },
  }));
  const [newest] = saved;
  const document =
    newest === undefined ? compare([]) : await readingRecords(newest, 'the runs', async () => compare(runs));
  if (wanted === undefined) return done(EXIT.pass, comparisonText(document), document);
  const file = resolve(wanted);
  await write(file, await comparisonPage(document));
  return done(EXIT.pass, `${comparisonText(document)}report: ${file}\n`, { ...document, report: file });
}

async function pageOf(saved: SavedRun): Promise<string> {
  const subjects: Side[] = [];
  const controls: Side[] = [];
  for (const service of saved.services) {
    await readingRecords(saved, service.name, async () => {
      const checks = saved.verdict.services.find(({ name }) => name === service.name)?.checks ?? [];
      subjects.push(sideOf(await subjectOf(saved, service), checks));
      if (hadControl(saved)) controls.push(sideOf(await controlOf(saved, service)));
    });
  }
  const claims = new Map(CHECKERS.map(({ name, claim }) => [name, claim]));
  return readingRecords(saved, 'the whole run', () =>
    reportPage({ run: runFacts(saved.run), document: saved.verdict, subjects, controls, claims }),
  );
}

async function write(file: string, text: string): Promise<void> {
  await writeFile(file, text).catch((error: unknown) => {
    throw new WalproofError(
      'USAGE',
      `the report ${file} could not be written: ${messageOf(error)}`,
      'choose another file with --html',
      { cause: error },
    );
  });
}
