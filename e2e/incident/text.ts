/** A diagnosis for a terminal and for programs. */
import Table from 'cli-table3';
import { filesTable } from '../inspect/text.ts';
import type { Diagnosis } from './diagnose.ts';

const BARE = { head: [], border: [] };
const TABLES_SHOWN = 20;
const NEAREST_SHOWN = 5;
const SYMPTOMS_SHOWN = 8;
const LINE_WIDTH = 140;
/** Of a copy they say nothing. */
const OF_THE_PLACE = /filesystem$/;

/** What `import --json` prints of a diagnosis. */
export function diagnosisDocument({
  database,
  inspection,
  logs,
  recovered,
  withoutWal,
  service,
  nearest,
  skipped,
}: Diagnosis) {
  const {
    locks: _,
    locksUnseen: __,
    processes: ___,
    oldestReader: ____,
    filesystem: _____,
    advice,
    ...inspected
  } = inspection;
  return {
    database: database.name,
    // The copies that were looked at are gone when this is read.
    inspect: {
      ...inspected,
      database: { ...inspected.database, path: database.path, askedFor: database.name },
      advice: advice.filter(({ code }) => !OF_THE_PLACE.test(code)),
    },
    recovered,
    withoutWal,
    logs,
    service: service === null ? null : { name: service.definition.name, because: service.because },
    candidates: nearest.map(({ repro: { name, title, expect, fix }, score, because }) => ({
      name,
      title,
      expect,
      fix,
      score,
      because,
    })),
    skipped,
  };
}

/** Whether something is broken in the database itself, beyond what a log tells. */
export function isDamaged({ inspection, recovered }: Diagnosis): boolean {
  const { refused, integrityCheck, foreignKeyCheck, fullText } = recovered;
  return (
    refused !== null ||
    integrityCheck.join() !== 'ok' ||
    foreignKeyCheck.length > 0 ||
    fullText.some(({ complaints }) => complaints.length > 0) ||
    inspection.advice.some(({ level, code }) => level === 'problem' && !OF_THE_PLACE.test(code))
  );
}

export function diagnosisText(found: Diagnosis): string {
  const { database, inspection, service, skipped } = found;
  const advice = inspection.advice.filter(({ code }) => !OF_THE_PLACE.test(code));
  return [
    `${database.name}${database.sidecars.length === 0 ? ', nothing beside it' : `, with ${database.sidecars.map(({ name }) => name).join(', ')}`}`,
    filesTable(inspection, { withFilesystem: false }),
    ...advice.map(({ level, what, next }) => `${level}: ${what}. Next: ${next}.`),
    ...contents(found),
    service === null
      ? 'service: none that is known here'
      : `service: looks like ${service.definition.name} (${service.because})`,
    ...logLines(found),
    ...(skipped.length === 0
      ? []
      : [`links and the like were left aside: ${skipped.slice(0, SYMPTOMS_SHOWN).join(', ')}`]),
    ...nearestLines(found),
    '',
  ].join('\n');
}

function contents({ recovered, withoutWal }: Diagnosis): string[] {
  if (recovered.refused !== null) return [`SQLite refuses the copy: ${recovered.refused}`];
  const table = new Table({
    head: ['table', 'rows', ...(withoutWal === null ? [] : ['rows without the -wal'])],
    style: BARE,
  });
  const shown = recovered.tables.filter(({ virtual }) => !virtual).toSorted((a, b) => (b.rows ?? 0) - (a.rows ?? 0));
  for (const { name, rows, refused } of shown.slice(0, TABLES_SHOWN)) {
    const bare = withoutWal?.tables.find((each) => each.name === name)?.rows;
    table.push([name, rows ?? refused ?? '', ...(withoutWal === null ? [] : [bare ?? 'no such table'])]);
  }
  const more = shown.length > TABLES_SHOWN ? [`and ${shown.length - TABLES_SHOWN} tables more`] : [];
  const bad = recovered.fullText.filter(({ complaints }) => complaints.length > 0);
  return [
    ...(shown.length === 0 ? ['no tables'] : [table.toString()]),
    ...more,
    `integrity_check: ${recovered.integrityCheck.slice(0, 3).join('; ')}`,
    `foreign_key_check: ${recovered.foreignKeyCheck.length === 0 ? 'ok' : `${recovered.foreignKeyCheck.length} rows, the first ${recovered.foreignKeyCheck[0]}`}`,
    ...(recovered.fullText.length === 0
      ? []
      : [
          `full text: ${bad.length === 0 ? 'ok' : bad.map(({ table: name, complaints }) => `${name}: ${complaints.join('; ')}`).join('; ')}`,
        ]),
  ];
}

function logLines({ logs: { files, lines, symptoms, unread } }: Diagnosis): string[] {
  if (files.length === 0) return ['logs: none'];
  const shown = symptoms
    .slice(0, SYMPTOMS_SHOWN)
    .map(({ text, count, file, line }) => `  ${count}× ${text} (${file}:${line})`.slice(0, LINE_WIDTH));
  const more = symptoms.length > SYMPTOMS_SHOWN ? [`  and ${symptoms.length - SYMPTOMS_SHOWN} kinds more`] : [];
  return [
    `logs: ${files.length} with ${lines} lines, ${symptoms.length} kinds of them tell of something wrong`,
    ...shown,
    ...more,
    ...(unread.length === 0 ? [] : [`not read, too large: ${unread.join(', ')}`]),
  ];
}

function nearestLines({ nearest }: Diagnosis): string[] {
  const [first] = nearest;
  if (first === undefined) return ['no known bug fits: walproof repro list shows the symptoms of all'];
  return [
    'nearest known bugs:',
    ...nearest
      .slice(0, NEAREST_SHOWN)
      .map(({ repro: { name, title }, because }, n) => `${n + 1}. ${name}: ${title}\n   ${because.join('\n   ')}`),
    `walproof repro ${first.repro.name} shows it; with --explain why, and the fix`,
  ];
}
