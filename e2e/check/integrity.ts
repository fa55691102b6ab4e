import { type Checker, type Evidence, observationsOf } from '../model/evidence.ts';
import type { IntegritySeen } from '../model/observation.ts';
import type { Finding, FindingCode } from '../model/verdict.ts';
import { broken, conclude, Examples, listed, notExercised, shorten } from './finding.ts';
import { lastHealedMs, newestMs, trafficEndedMs } from './moments.ts';

const CHECK = 'integrity';
/** Rows of one result that a finding quotes; a damaged database can give a hundred of them. */
const ROWS_SHOWN = 3;

const SOURCES = { live: 'the live database', copy: 'the copy' } as const;

/** One of the two pragmas: where its rows are and which rows are complaints. */
interface Examination {
  code: FindingCode;
  pragma: string;
  expected: string;
  complaints(seen: IntegritySeen): readonly string[];
}

const EXAMINATIONS: readonly Examination[] = [
  {
    code: 'corrupt',
    pragma: 'integrity_check',
    expected: 'the single row ok',
    complaints: (seen) => seen.integrityCheck.filter((row) => row !== 'ok'),
  },
  {
    code: 'foreign-key-violation',
    pragma: 'foreign_key_check',
    expected: 'no row',
    complaints: (seen) => seen.foreignKeyCheck,
  },
];

function examine(examination: Examination, source: IntegritySeen['source'], seen: readonly IntegritySeen[]): Finding[] {
  const { code, pragma, expected, complaints } = examination;
  const examples = new Examples<unknown>();
  const quoted: string[] = [];
  for (const look of seen) {
    const rows = complaints(look);
    if (rows.length === 0) continue;
    const shown = rows.slice(0, ROWS_SHOWN).map(shorten);
    if (quoted.length === 0) quoted.push(...shown);
    examples.add({ source, atMs: look.atMs, pragma, rows: shown, rowCount: rows.length }, rows.length);
  }
  if (examples.count === 0) return [];
  const message = `The database stays sound: expected ${expected} of ${pragma} on ${SOURCES[source]}, seen in ${examples.count} of ${seen.length} checks other rows, first ${listed(quoted)}.`;
  return [broken(code, message, examples)];
}

function missing(source: IntegritySeen['source'], seen: readonly IntegritySeen[], evidence: Evidence): Finding[] {
  const due = `expected integrity_check on ${SOURCES[source]}`;
  if (seen.length === 0) return [notExercised(`The database stays sound: ${due}, seen none.`)];
  const silent = seen.filter((look) => look.integrityCheck.length === 0).length;
  if (silent > 0)
    return [
      notExercised(`The database stays sound: ${due} to answer, seen ${silent} of ${seen.length} without a row.`),
    ];
  const stressedMs = Math.max(lastHealedMs(evidence), trafficEndedMs(evidence));
  const newest = newestMs(seen);
  if (newest >= stressedMs) return [];
  return [
    notExercised(
      `The database stays sound: ${due} after traffic and faults had ended at ${stressedMs} ms, seen the newest at ${newest} ms.`,
    ),
  ];
}

/** The live file shows what services see now, the copy what they would find after a crash. */
export const integrity: Checker = {
  name: CHECK,
  claim: 'The database stays sound, live and in a copy: integrity_check says ok and no foreign key dangles.',
  check(evidence) {
    const all = observationsOf(evidence, 'integrity');
    const findings: Finding[] = [];
    for (const source of Object.keys(SOURCES) as IntegritySeen['source'][]) {
      const seen = all.filter((look) => look.source === source);
      for (const examination of EXAMINATIONS) findings.push(...examine(examination, source, seen));
      findings.push(...missing(source, seen, evidence));
    }
    return conclude(CHECK, findings, { checks: all.length });
  },
};
