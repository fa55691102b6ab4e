import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PROJECT_ROOT } from '../engine/shared/project-root.ts';
import type { ReproResult } from '../repro/harness/play.ts';
import { type Reproduced, trackRecordTable, withTrackRecord } from '../repro/harness/track-record.ts';
import { REPROS } from '../repro/index.ts';

const RECORD = join(PROJECT_ROOT, 'e2e', 'repro', 'track-record.json');
const README = join(PROJECT_ROOT, 'README.md');

/** Writes down which repros held just now, and the table in README that shows it. Those that did not run keep their entry. */
export async function recordRepros(results: readonly ReproResult[]): Promise<void> {
  const commit = await promisify(execFile)('git', ['rev-parse', '--short=10', 'HEAD'], { cwd: PROJECT_ROOT });
  const date = new Date().toISOString().slice(0, 10);
  const held = results.filter(({ outcome }) => outcome === 'held');
  const seen = new Map(
    held.map(({ name, engine, seconds }) => [name, { name, engine, commit: commit.stdout.trim(), date, seconds }]),
  );
  const before = new Map((await readRecord()).map((each) => [each.name, each]));
  const record = REPROS.flatMap(({ name }) => seen.get(name) ?? before.get(name) ?? []);
  await writeFile(RECORD, `${JSON.stringify(record, null, 2)}\n`);
  const readme = await readFile(README, 'utf8');
  await writeFile(README, withTrackRecord(readme, trackRecordTable(REPROS, record)));
}

async function readRecord(): Promise<Reproduced[]> {
  try {
    return JSON.parse(await readFile(RECORD, 'utf8')) as Reproduced[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
