import { type Checker, type Evidence, observationsOf } from '../model/evidence.ts';
import type { DatabaseFile, WalHeaderSeen } from '../model/observation.ts';
import type { Finding } from '../model/verdict.ts';
import { judgedAttestations } from './connections.ts';
import { broken, conclude, Examples, ensure, listed, notExercised } from './finding.ts';
import { type FileWitness, fileWitnesses, type HeldFile, heldFiles } from './held-files.ts';

const CHECK = 'wal-generation';
const FILES: readonly DatabaseFile[] = ['db', '-wal', '-shm'];

/** The two magic numbers differ in the byte order of the checksums (https://sqlite.org/fileformat2.html#wal_header_format). */
const MAGICS = [0x377f0682, 0x377f0683];
const FORMAT_VERSION = 3_007_000;

/** A process that holds a file open which is not, or no more, the one that others find under its name. */
function lostFiles(evidence: Evidence): Finding[] {
  const byFile = new Map<DatabaseFile, { examples: Examples<unknown>; processes: Set<string> }>();
  const note = (file: DatabaseFile, process: string, example: unknown): void => {
    const make = () => ({ examples: new Examples<unknown>(), processes: new Set<string>() });
    const entry = ensure(byFile, file, make);
    entry.examples.add(example);
    entry.processes.add(process);
  };
  for (const seen of observationsOf(evidence, 'open-files'))
    for (const { file, deleted } of seen.files) if (deleted) note(file, seen.process, seen);
  for (const file of FILES) {
    const witnesses = fileWitnesses(evidence, file);
    for (const held of heldFiles(evidence, file))
      for (const witness of witnesses) if (contradicts(held, witness)) note(file, held.process, { held, witness });
  }
  return [...byFile].map(([file, { examples, processes }]) => {
    const name = file === 'db' ? evidence.service.database : file;
    const message = `All processes use one ${name}: expected the file that each holds open to stay under its name, seen ${examples.count} times another or none there (${listed(processes)}). What is written to the one is not in the other.`;
    return broken('wal-deleted-under-writer', message, examples);
  });
}

/** The process said the same before and after the witness looked, so it held that file all the time between. */
function contradicts(held: HeldFile, { by, fromMs, untilMs, inode }: FileWitness): boolean {
  return by !== held.process && held.fromMs < fromMs && untilMs < held.untilMs && inode !== held.inode;
}

function complaintsOf({ header, index, databasePageSize }: WalHeaderSeen): string[] {
  const live = (index?.frames ?? 0) > 0;
  if (header === null) return live ? [`${index?.frames} frames by the index and no header`] : [];
  const { magic, formatVersion, pageSize, checksumHolds, salts } = header;
  const found: string[] = [];
  if (!MAGICS.includes(magic)) found.push(`magic 0x${magic.toString(16)}`);
  if (formatVersion !== FORMAT_VERSION) found.push(`format ${formatVersion}`);
  if (databasePageSize !== null && pageSize !== databasePageSize)
    found.push(`page size ${pageSize} beside ${databasePageSize} of the database`);
  if (!checksumHolds) found.push('a checksum that does not hold');
  if (live && index !== null && index.salts.join() !== salts.join())
    found.push(`salts ${salts.join(' ')} beside ${index.salts.join(' ')} of the index`);
  return found;
}

/**
 * Each header is judged by itself. Two cannot be compared: the checkpoint sequence in them is that of the connection which
 * wrote the header, and one that never began a WAL before takes new salts (walRestartHdr and walFrames in wal.c).
 */
function invalidHeaders(evidence: Evidence): Finding[] {
  const looks = observationsOf(evidence, 'wal-header');
  const examples = new Examples<unknown>();
  const said: string[] = [];
  for (const look of looks) {
    const complaints = complaintsOf(look);
    if (complaints.length === 0) continue;
    said.push(...complaints);
    examples.add(look, complaints.length);
  }
  if (examples.count === 0) return [];
  const message = `The -wal file belongs to the database: expected a valid header of the generation in use, seen in ${examples.count} of ${looks.length} copies ${listed(said)}.`;
  return [broken('wal-header-invalid', message, examples)];
}

function missing(evidence: Evidence): Finding[] {
  const guarantee = 'All processes use one WAL';
  const reported = new Set<string>();
  for (const { process, files } of observationsOf(evidence, 'open-files'))
    if (files.some(({ file }) => file === '-wal')) reported.add(process);
  const attested = judgedAttestations(evidence).map(({ process }) => process);
  const silent = new Set(attested.filter((process) => !reported.has(process)));
  const findings: Finding[] = [];
  if (attested.length === 0 || silent.size > 0)
    findings.push(
      notExercised(
        `${guarantee}: expected each process to say which -wal it holds open, seen none from ${attested.length === 0 ? 'any' : listed(silent)}.`,
      ),
    );
  if (observationsOf(evidence, 'wal-sample').length === 0)
    findings.push(notExercised(`${guarantee}: expected looks at the files from outside, seen none.`));
  if (!observationsOf(evidence, 'wal-header').some(({ header }) => header !== null))
    findings.push(notExercised(`${guarantee}: expected the header of the -wal in a copy, seen none.`));
  return findings;
}

/** integrity_check passes while two processes write two WALs; what tells is which files they hold. */
export const walGeneration: Checker = {
  name: CHECK,
  claim: 'All processes hold the -wal that lies beside the database, and its header is of the generation in use.',
  check(evidence) {
    const findings = [...lostFiles(evidence), ...invalidHeaders(evidence), ...missing(evidence)];
    return conclude(CHECK, findings, {
      openFileReports: observationsOf(evidence, 'open-files').length,
      walHeaders: observationsOf(evidence, 'wal-header').length,
    });
  },
};
