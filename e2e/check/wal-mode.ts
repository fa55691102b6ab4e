import { type Checker, type Evidence, observationsOf } from '../model/evidence.ts';
import type { Finding } from '../model/verdict.ts';
import { connectionName, judgedAttestations } from './connections.ts';
import { broken, conclude, Examples, listed, notExercised } from './finding.ts';
import { lastHealedMs, newestMs } from './moments.ts';

const CHECK = 'wal-mode';

/** Header bytes 18 and 19 of a WAL database (https://sqlite.org/fileformat2.html#file_format_version_numbers). */
const WAL_VERSION = 2;

/** One of the three independent ways to learn the journal mode. */
interface Witness {
  /** Who testifies, as the subject of a sentence. */
  name: string;
  expected: string;
  /** Every testimony: when, by whom, and what it said; `wal` says whether that means WAL. */
  testimonies: { atMs: number; by: string; said: string; wal: boolean; record: unknown }[];
  /** Whether one is due after the last fault; attestations are owed per start instead (pragma-policy). */
  dueAfterFaults: boolean;
}

function witnesses(evidence: Evidence): Witness[] {
  return [
    {
      name: "connection's own attestation",
      expected: 'journal_mode wal',
      dueAfterFaults: false,
      testimonies: judgedAttestations(evidence).map((seen) => ({
        atMs: seen.atMs,
        by: connectionName(seen),
        said: `journal_mode ${seen.attestation.journalMode}`,
        wal: isWal(seen.attestation.journalMode),
        record: seen,
      })),
    },
    {
      name: 'fresh connection of another process',
      expected: 'journal_mode wal',
      dueAfterFaults: true,
      testimonies: observationsOf(evidence, 'probe').map((seen) => ({
        atMs: seen.atMs,
        by: `probe while ${seen.state}`,
        said: `journal_mode ${seen.journalMode}`,
        wal: isWal(seen.journalMode),
        record: seen,
      })),
    },
    {
      name: "copy's header (bytes 18 and 19)",
      expected: `${WAL_VERSION} and ${WAL_VERSION}`,
      dueAfterFaults: true,
      testimonies: observationsOf(evidence, 'header').map((seen) => ({
        atMs: seen.atMs,
        by: `header while ${seen.state}`,
        said: `${seen.writeVersion} and ${seen.readVersion}`,
        wal: seen.writeVersion === WAL_VERSION && seen.readVersion === WAL_VERSION,
        record: seen,
      })),
    },
  ];
}

function isWal(journalMode: string): boolean {
  return journalMode.toLowerCase() === 'wal';
}

function judgeWitness(witness: Witness, evidence: Evidence): Finding[] {
  const { name, expected, testimonies } = witness;
  const { database } = evidence.service;
  if (testimonies.length === 0)
    return [notExercised(`WAL mode of ${database} needs three witnesses: expected a ${name}, seen none.`)];

  const findings: Finding[] = [];
  const against = testimonies.filter((testimony) => !testimony.wal);
  if (against.length > 0) {
    const examples = new Examples<unknown>();
    for (const testimony of against) examples.add(testimony.record);
    const said = listed(against.map((testimony) => testimony.said));
    const by = listed(against.map((testimony) => testimony.by));
    const share = `${against.length} of ${testimonies.length} times`;
    const message = `${database} is in WAL mode, says every witness: expected ${expected} from each ${name}, seen ${said} ${share} (${by}).`;
    findings.push(broken('journal-mode-not-wal', message, examples));
  }
  const newest = newestMs(testimonies);
  const healed = lastHealedMs(evidence);
  if (witness.dueAfterFaults && newest < healed)
    findings.push(
      notExercised(
        `WAL mode of ${database} outlives faults: expected a ${name} after the last fault had healed at ${healed} ms, seen the newest at ${newest} ms.`,
      ),
    );
  return findings;
}

/** Three witnesses, because each alone can be fooled: a connection may lie about the file, a probe about the others' connections. */
export const walMode: Checker = {
  name: CHECK,
  claim: 'The database is in WAL mode: its own connections, a fresh connection and the file header agree.',
  check(evidence) {
    const all = witnesses(evidence);
    const figures = {
      attestations: all[0]?.testimonies.length ?? 0,
      probes: all[1]?.testimonies.length ?? 0,
      headers: all[2]?.testimonies.length ?? 0,
    };
    return conclude(
      CHECK,
      all.flatMap((witness) => judgeWitness(witness, evidence)),
      figures,
    );
  },
};
