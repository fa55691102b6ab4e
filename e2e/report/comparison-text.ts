import Table from 'cli-table3';
import type { ComparisonDocument } from './compare.ts';
import { type Row, runRows, serviceRows } from './comparison-rows.ts';
import { oneLine } from './plain-text.ts';

const BARE = { head: [], border: [] };
/** Stands before a check that did not stay the same. */
const CHANGED = '≠ ';

/** The comparison for a terminal. */
export function comparisonText(document: ComparisonDocument): string {
  const head = ['', ...document.runs.map((_, n) => (n === 0 ? 'first' : `run ${n + 1}`))];
  const tables = document.services.map(
    (service) => `${oneLine(service.name, 60)}\n${table(head, serviceRows(service))}`,
  );
  const changed = document.services.flatMap(({ name, checks }) =>
    checks.filter((check) => check.changed).map(({ check }) => `${oneLine(name, 60)} ${oneLine(check, 60)}`),
  );
  const summary = changed.length === 0 ? 'no check changed' : `changed: ${changed.join(', ')}`;
  return [table(head, runRows(document)), ...tables, summary, ''].join('\n');
}

function table(head: string[], rows: readonly Row[]): string {
  const drawn = new Table({ head, style: BARE });
  for (const { name, cells, changed } of rows) drawn.push([`${changed ? CHANGED : ''}${name}`, ...cells]);
  return drawn.toString();
}
