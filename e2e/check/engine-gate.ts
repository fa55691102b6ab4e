import { type Checker, type Evidence, observationsOf } from '../model/evidence.ts';
import type { Finding } from '../model/verdict.ts';
import { connectionName, judgedAttestations } from './connections.ts';
import { broken, conclude, Examples, ensure, listed, notExercised } from './finding.ts';

const CHECK = 'engine-gate';

type Version = readonly [number, number, number];

/**
 * A checkpoint and a write that begins a new WAL at the same moment could make acknowledged commits vanish
 * (https://sqlite.org/wal.html#walresetbug): since WAL exists, until 3.51.3, and mended in two older lines.
 */
const FIRST_AFFECTED: Version = [3, 7, 0];
const FIRST_MENDED: Version = [3, 51, 3];
const MENDED_LINES: readonly Version[] = [
  [3, 50, 7],
  [3, 44, 6],
];

/** One SQLite library, by whoever used it on the database file. */
interface Library {
  version: string;
  sourceId: string;
  users: Set<string>;
  examples: Examples<unknown>;
}

function parse(version: string): Version | null {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  return patch === undefined ? null : [Number(major), Number(minor), Number(patch)];
}

function isBefore(a: Version, b: Version): boolean {
  return a[0] - b[0] < 0 || (a[0] === b[0] && (a[1] < b[1] || (a[1] === b[1] && a[2] < b[2])));
}

/** Whether a version of SQLite can lose commits at a WAL reset; null when the text is not a version. */
export function hasWalResetBug(version: string): boolean | null {
  const seen = parse(version);
  if (seen === null) return null;
  if (isBefore(seen, FIRST_AFFECTED) || !isBefore(seen, FIRST_MENDED)) return false;
  return !MENDED_LINES.some((line) => seen[0] === line[0] && seen[1] === line[1] && !isBefore(seen, line));
}

function libraries(evidence: Evidence): Library[] {
  const found = new Map<string, Library>();
  const note = (version: string, sourceId: string, user: string, record: unknown): void => {
    const make = (): Library => ({ version, sourceId, users: new Set<string>(), examples: new Examples<unknown>() });
    const library = ensure(found, `${version} ${sourceId}`, make);
    library.users.add(user);
    library.examples.add(record);
  };
  for (const seen of judgedAttestations(evidence))
    note(seen.attestation.sqliteVersion, seen.attestation.sqliteSourceId, connectionName(seen), seen);
  // The probe opens the file as well, and reads and recovers it with its own library.
  for (const seen of observationsOf(evidence, 'probe'))
    note(seen.sqliteVersion, seen.sqliteSourceId, 'the probe', seen);
  return [...found.values()];
}

function affected({ version, users, examples }: Library, database: string): Finding[] {
  const verdict = hasWalResetBug(version);
  if (verdict === false) return [];
  if (verdict === null)
    return [notExercised(`${database} is used by a sound SQLite: expected a version, seen "${version}".`)];
  const message = `No commit vanishes at a WAL reset: expected SQLite 3.51.3 or newer (or 3.50.7, 3.44.6 in their lines) on ${database}, seen ${version} in ${listed(users)}.`;
  return [broken('sqlite-wal-reset-bug', message, examples)];
}

function mixed(found: readonly Library[], database: string): Finding[] {
  if (found.length < 2) return [];
  const examples = new Examples<unknown>();
  for (const library of found) for (const example of library.examples.list().slice(0, 1)) examples.add(example);
  const seen = found.map(({ version, sourceId, users }) => `${version} (${sourceId}) in ${listed(users)}`).join('; ');
  const message = `One SQLite on one file: expected the same version and source id in everything that opens ${database}, seen ${seen}.`;
  return [broken('mixed-sqlite-versions', message, examples)];
}

/** The versions that the processes themselves report; what package.json asks for proves nothing. */
export const engineGate: Checker = {
  name: CHECK,
  claim:
    'Everything that opens the database does so with one SQLite, and not one that can lose commits at a WAL reset.',
  check(evidence) {
    const { database } = evidence.service;
    const found = libraries(evidence);
    const findings = [...found.flatMap((library) => affected(library, database)), ...mixed(found, database)];
    if (judgedAttestations(evidence).length === 0)
      findings.push(notExercised(`One SQLite on one file: expected connections to ${database}, seen no attestation.`));
    if (observationsOf(evidence, 'probe').length === 0)
      findings.push(notExercised(`One SQLite on one file: expected the probe's version, seen no probe.`));
    return conclude(CHECK, findings, { sqliteLibraries: found.length });
  },
};
