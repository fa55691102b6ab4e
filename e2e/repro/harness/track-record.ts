/** README's table of the bugs: what was last reproduced, where, when and how quickly. */
import type { Repro } from '../../model/repro.ts';
import { replaceMarked } from '../../report/marked.ts';

/** When a repro was last seen to hold: its finding appeared without the fix, and the fix passed. */
export interface Reproduced {
  name: string;
  engine: string;
  /** Abbreviated commit of the checkout it ran on. */
  commit: string;
  /** ISO-8601 date, UTC. */
  date: string;
  /** Both sides together, on the machine it ran on. */
  seconds: number;
}

const BEGIN = '<!-- track record: written by walproof repro --all --record -->';
const END = '<!-- end of the track record -->';
/** The thread that a reader should open first; `repro <name> --explain` has all. */
const SOURCES_SHOWN = 1;

export function trackRecordTable(repros: readonly Repro[], record: readonly Reproduced[]): string {
  const rows = repros.map(({ name, title, sources, seedPatch, fix }) => {
    const last = record.find((each) => each.name === name);
    const seen = last === undefined ? 'never' : `${last.date}, ${last.commit}, ${last.engine}, ${last.seconds} s`;
    const more = sources.length > SOURCES_SHOWN ? ` +${sources.length - SOURCES_SHOWN}` : '';
    const source = `${sources.slice(0, SOURCES_SHOWN).join(', ')}${more}`;
    return [`\`${name}\``, title, source, seedPatch, seen, fix].map(cell);
  });
  const head = ['bug', 'what goes wrong', 'source', 'seed patch', 'last reproduced', 'fix'];
  const lines = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`);
  return `${BEGIN}\n${lines.join('\n')}\n${END}`;
}

/** The document with its table replaced. Throws RangeError when the marks of the table are not there. */
export function withTrackRecord(markdown: string, table: string): string {
  return replaceMarked(markdown, BEGIN, END, table);
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
