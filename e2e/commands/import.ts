import { existsSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chooseEngine } from '../engine/choose.ts';
import { createFolder } from '../engine/process/folder.ts';
import { removeLeftovers } from '../engine/process/leftovers.ts';
import { removeFolder } from '../engine/process/limited-data.ts';
import { asDiskFull } from '../engine/shared/disk-full.ts';
import { newRunId } from '../engine/shared/run-id.ts';
import { type IncidentDatabase, privateCopy } from '../incident/databases.ts';
import { type Diagnosis, diagnose } from '../incident/diagnose.ts';
import { redact } from '../incident/recovered.ts';
import { replay } from '../incident/replay.ts';
import { diagnosisDocument, diagnosisText, isDamaged } from '../incident/text.ts';
import { EXIT, WalproofError } from '../model/errors.ts';
import type { ServiceDefinition } from '../model/service.ts';
import { type Progress, stderrProgress } from '../progress.ts';
import { REPROS } from '../repro/index.ts';
import { SERVICES } from '../services/index.ts';
import { VERSION } from '../version.ts';
import { emptyFolder } from './out-folder.ts';
import { done, type Outcome } from './outcome.ts';
import { servicesNamed } from './services-named.ts';

export interface ImportOptions {
  db?: string;
  out?: string;
  redact?: boolean;
  up?: boolean;
  service?: string;
  engine?: string;
  maxMb: number;
}

/**
 * `walproof import <folder or archive>`: a diagnosis of what production left. Exit 0 when the database itself is sound, 1 when
 * it is damaged. Works on private copies, which are removed; nothing is sent anywhere.
 */
export async function importIncident(source: string, options: ImportOptions, signal: AbortSignal): Promise<Outcome> {
  const out = options.out === undefined ? null : await emptyFolder(options.out);
  if (options.redact === true && out === null && options.up !== true)
    throw new WalproofError(
      'USAGE',
      '--redact blanks what is kept or started, and nothing is',
      'add --out DIR or --up',
    );
  const progress = stderrProgress();
  for (const line of await removeLeftovers(tmpdir())) progress.line(`left by an earlier run: ${line}`);
  const folder = createFolder(tmpdir(), newRunId(), 'import').path;
  try {
    const found = await diagnose({
      source: resolve(source),
      database: options.db,
      mostBytes: options.maxMb * 1_000_000,
      folder,
      services: SERVICES.map(({ definition }) => definition),
      repros: REPROS,
      signal,
      say: (line) => progress.line(line),
    });
    const kept =
      out === null && options.up !== true ? null : await workingCopy(found.database, folder, options, signal);
    const document = documentOf(source, found, options.redact === true && out !== null);
    if (out !== null && kept !== null) await keep(out, kept, document);
    if (options.up === true && kept !== null) {
      process.stderr.write(`\n${diagnosisText(found)}\n`);
      await startOn(found, kept, options, progress, signal);
    }
    const where = out === null ? '' : `kept in ${out}${options.redact === true ? ', text blanked' : ''}\n`;
    return done(isDamaged(found) ? EXIT.fail : EXIT.pass, `${diagnosisText(found)}${where}`, { ...document, out });
  } finally {
    progress.end();
    removeFolder(folder);
  }
}

function documentOf(source: string, found: Diagnosis, withoutText: boolean) {
  const document = { schemaVersion: 1, tool: 'walproof', version: VERSION, source, ...diagnosisDocument(found) };
  if (!withoutText) return document;
  // Lines of logs quote what users wrote, and so do the reasons that quote them.
  const { logs, candidates } = document;
  return {
    ...document,
    logs: { ...logs, symptoms: logs.symptoms.map(({ count, file, line }) => ({ text: null, count, file, line })) },
    candidates: candidates.map((candidate) => ({ ...candidate, because: null })),
    recovered: { ...document.recovered, foreignKeyCheck: document.recovered.foreignKeyCheck.length },
  };
}

/** What is kept and what a stack starts from: all files as they were, or one without text. */
async function workingCopy(
  database: IncidentDatabase,
  folder: string,
  options: ImportOptions,
  signal: AbortSignal,
): Promise<string> {
  const copy = await privateCopy(database, join(folder, 'working'), ['-shm']);
  if (options.redact !== true) return copy;
  await mkdir(join(folder, 'redacted'));
  const into = join(folder, 'redacted', 'incident.db');
  await redact(copy, into, signal);
  return into;
}

async function keep(out: string, copy: string, document: unknown): Promise<void> {
  try {
    for (const suffix of ['', '-wal', '-journal'])
      if (existsSync(`${copy}${suffix}`)) await copyFile(`${copy}${suffix}`, join(out, `incident.db${suffix}`));
    await writeFile(join(out, 'diagnosis.json'), `${JSON.stringify(document, null, 2)}\n`);
  } catch (error) {
    throw asDiskFull(error, out);
  }
}

async function startOn(
  { service }: Diagnosis,
  database: string,
  { engine: wish, service: name }: ImportOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const definition: ServiceDefinition | undefined =
    name === undefined ? service?.definition : servicesNamed([name])[0]?.definition;
  if (definition === undefined)
    throw new WalproofError(
      'UNKNOWN_SERVICE',
      'the tables are of no service that is known here, so nothing was started',
      `say which one to start: --service ${SERVICES.map((each) => each.definition.name).join(' or --service ')}`,
    );
  const say = (line: string) => progress.line(line);
  const engine = await chooseEngine(wish, [definition], say, signal);
  await replay(engine, definition, database, say, signal);
}
