/** README's table of what the patch buys, from what was last measured. */
import { replaceMarked } from '../report/marked.ts';
import type { BenchDocument, BenchRow } from './document.ts';
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

export function benchTable({ rows }: Pick<BenchDocument, 'rows'>): string {
  const lines = [HEAD, HEAD.map(() => '---'), ...rows.map(cellsOf)].map((row) => `| ${row.join(' | ')} |`);
  return `${BEGIN}\n${lines.join('\n')}\n${END}`;
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
  if (spread === null) return 'plain had none';
  const text = (value: number) => (value >= 10 ? value.toFixed(0) : value.toFixed(2));
  return `${text(spread.median)}× (${text(spread.min)}–${text(spread.max)})`;
}
