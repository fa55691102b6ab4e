import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../engine/shared/project-root.ts';

/**
 * What each test file took when it was last recorded, by `npm test -- --record` and `npm run test:long -- --record`. It is
 * kept with the code and not measured anew, so that machines that share a suite agree on who runs what.
 */
const RECORD = join(PROJECT_ROOT, 'e2e', 'suites', 'runner', 'file-seconds.json');

/** For a file that is not in the record: the first that fits. Only their order and rough size matter. */
const ROUGHLY: ReadonlyArray<readonly [pattern: RegExp, seconds: number]> = [
  [/\.long\.test\.ts$/, 120],
  [/claim-verdict/, 60],
  [/engine-docker/, 50],
  [/browser/, 40],
  [/command-line/, 30],
  [/claim-/, 20],
  [/oracle-|nanoclaw-/, 10],
];
const SHORTEST = 2;

/** `file` is a path from the project's root, with forward slashes. */
export function secondsFrom(record: Readonly<Record<string, number>>): (file: string) => number {
  return (file) => record[file] ?? ROUGHLY.find(([pattern]) => pattern.test(file))?.[1] ?? SHORTEST;
}

export function readRecord(path = RECORD): Record<string, number> {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, number>) : {};
}

/** Puts new times in place of old ones and forgets files that are gone. A run of a part leaves the rest as it was. */
export function recordSeconds(measured: ReadonlyArray<{ file: string; seconds: number }>, path = RECORD): void {
  const all = { ...readRecord(path), ...Object.fromEntries(measured.map(({ file, seconds }) => [file, seconds])) };
  const kept = Object.entries(all).filter(([file]) => existsSync(join(PROJECT_ROOT, file)));
  kept.sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(path, `${JSON.stringify(Object.fromEntries(kept), null, 2)}\n`);
}
