/** README's matrix of what may be lost, from what was last measured. */
import { replaceMarked } from '../report/marked.ts';
import type { Row } from './judge.ts';
import type { DurabilityDocument } from './matrix.ts';
import { LOSSES, SETTINGS } from './setting.ts';

const BEGIN = '<!-- durability: written by walproof durability --record -->';
const END = '<!-- end of the durability matrix -->';

export function durabilityTable({ cells }: Pick<DurabilityDocument, 'cells'>): string {
  const services = [...new Set(cells.map(({ service }) => service))];
  const head = [
    'journal, synchronous',
    'a kill takes',
    'a power cut may take',
    ...services.map((name) => `seen on ${name}`),
  ];
  const rows = SETTINGS.flatMap(({ journal, synchronous }) => {
    const own = cells.filter((cell) => cell.journal === journal && cell.synchronous === synchronous);
    const [first] = own;
    if (first === undefined) return [];
    const killed = LOSSES.findLast((loss) => own.some(({ kill }) => kill.worst === loss)) ?? 'nothing';
    const seen = services.map((name) => seenIn(own.find(({ service }) => service === name)?.powerCut));
    const promise = first.promise === 'corrupt' ? 'anything: the file can be corrupt' : first.promise;
    return [[`${journal}, ${synchronous}`, killed, promise, ...seen]];
  });
  const lines = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
  return `${BEGIN}\n${lines.join('\n')}\n${END}`;
}

function seenIn(row: Row | undefined): string {
  if (row === undefined) return 'not measured';
  const parts = LOSSES.filter((loss) => row.byLoss[loss] > 0).map((loss) => {
    const most = loss === 'the newest' ? ` (${row.mostLost} at most)` : '';
    return `${loss} ${row.byLoss[loss]}${most}`;
  });
  return `${parts.join(', ')} of ${row.images}`;
}

/** The document with its table replaced. Throws RangeError when the marks of the table are not there. */
export function withDurability(markdown: string, table: string): string {
  return replaceMarked(markdown, BEGIN, END, table);
}
