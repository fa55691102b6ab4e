/** README's table of what the patch buys, from what was last measured. */
import { replaceMarked } from '../report/marked.ts';
import type { BenchDocument, BenchRow, Limit } from './document.ts';
import type { Spread } from './spread.ts';

const BEGIN = '<!-- bench: written by npm run bench -- --record -->';
const END = '<!-- end of the bench -->';
const HEAD = [
  'service, engine, load',
  'writes, patched / plain',
  'reads',
  'p99 of a write',
  'writes/s: patched, plain',
  'refused: patched, plain',
];

const LIMIT_HEAD = [
  'service, writers alone',
  'writes / limit',
  'commits / limit',
  'writes/s: service, one bare process, several',
  'CPU ms a write: HTTP and loops, databases, traffic, bare',
];

export function benchTable({ rows, limits = [] }: Pick<BenchDocument, 'rows' | 'limits'>): string {
  const parts = [table(HEAD, rows.map(cellsOf)), chart(rows)];
  if (limits.length > 0) parts.push(LIMIT_WORDS, table(LIMIT_HEAD, limits.map(limitCells)));
  return `${BEGIN}\n${parts.join('\n\n')}\n${END}`;
}

function table(head: readonly string[], rows: readonly string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** Drawn by whatever shows the file; what it shows is in the table above it as well. */
function chart(rows: readonly BenchRow[]): string {
  const closed = rows.filter(({ load, ratios }) => load === 'closed' && ratios.writes !== null);
  const names = closed.map(({ service, engine }) => `"${service}, ${engine}"`);
  const values = closed.map(({ ratios }) => (ratios.writes?.median ?? 0).toFixed(1));
  return [
    '```mermaid',
    'xychart-beta',
    '  title "Acknowledged writes per second, patched over plain, as fast as replies come"',
    `  x-axis [${names.join(', ')}]`,
    '  y-axis "times"',
    `  bar [${values.join(', ')}]`,
    '```',
  ].join('\n');
}

const LIMIT_WORDS =
  'Against the limit, a bare better-sqlite3 connection that runs the same statements in the same transactions, in one process and in several:';

function limitCells({ service, ratio, commitRatio, served, bare, processes, cpu }: Limit): string[] {
  const whole = (spread: Spread | null) => (spread === null ? 'unknown' : `${Math.round(spread.median)}`);
  const rates = [served.writesPerSecond, bare.writesPerSecond, processes.writesPerSecond].map(whole);
  const costs = [cpu.facesMs, cpu.databasesMs, cpu.trafficMs, cpu.bareMs].map((ms) => ms.toFixed(2));
  return [service, times(ratio), times(commitRatio), rates.join(', '), costs.join(', ')];
}

export function withBench(markdown: string, table: string): string {
  return replaceMarked(markdown, BEGIN, END, table);
}

/** A row in words; the ratios are medians of the pairs, with the least and the greatest. */
export function cellsOf({ service, engine, load, ratePerSecond, ratios, pairs }: BenchRow): string[] {
  const asked = load === 'closed' ? 'as fast as replies come' : `${ratePerSecond} calls/s`;
  const middle = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
  const both = (figure: (pair: BenchRow['pairs'][number]['patched']) => number) =>
    `${Math.round(middle(pairs.map(({ patched }) => figure(patched))))}, ${Math.round(middle(pairs.map(({ other }) => figure(other))))}`;
  return [
    `${service}, ${engine}, ${asked}`,
    times(ratios.writes),
    times(ratios.reads),
    times(ratios.writeP99),
    both((figures) => figures.writesPerSecond),
    both((figures) => figures.busy),
  ];
}

function times(spread: Spread | null): string {
  if (spread === null) return 'none to compare with';
  const text = (value: number) => (value >= 10 ? value.toFixed(0) : value.toFixed(2));
  return `${text(spread.median)}× (${text(spread.min)}–${text(spread.max)})`;
}
