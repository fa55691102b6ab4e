/** Where a row of the matrix comes from: journal mode and synchronous of every connection, and what SQLite's documentation promises there. */

import type { Edit } from '../mutants/rule.ts';
import { inBoth, policyEntry, pragmaText, SWITCH_LINE } from '../mutants/rules/places.ts';

export const JOURNALS = ['WAL', 'DELETE'] as const;
export const LEVELS = ['OFF', 'NORMAL', 'FULL'] as const;
export type Journal = (typeof JOURNALS)[number];
export type Level = (typeof LEVELS)[number];

export interface Setting {
  journal: Journal;
  synchronous: Level;
}

export const SETTINGS: readonly Setting[] = JOURNALS.flatMap((journal) =>
  LEVELS.map((synchronous) => ({ journal, synchronous })),
);

/** What is lost of acknowledged commits, from nothing to all order. */
export const LOSSES = ['nothing', 'the newest', 'not a prefix', 'corrupt'] as const;
export type Loss = (typeof LOSSES)[number];

/**
 * The most that a power cut may take (https://sqlite.org/pragma.html#pragma_synchronous). With DELETE the commit is the removal of the
 * journal, after which only EXTRA syncs the folder: a journal that comes back undoes the newest commit.
 */
export const PROMISES: Readonly<Record<Journal, Record<Level, Loss>>> = {
  WAL: { OFF: 'corrupt', NORMAL: 'the newest', FULL: 'nothing' },
  DELETE: { OFF: 'corrupt', NORMAL: 'the newest', FULL: 'the newest' },
};

const LEVEL_NUMBERS: Readonly<Record<Level, number>> = { OFF: 0, NORMAL: 1, FULL: 2 };

/** What to change in a service's db module; nothing for the setting that it has. */
export function editsFor(service: string, { journal, synchronous }: Setting): Edit[] {
  const edits: Edit[] = [];
  const changed = (...changes: (readonly [find: RegExp, replace: string])[]) =>
    edits.push(...(inBoth(...changes)[service] ?? []));
  if (synchronous !== 'NORMAL')
    changed(
      [pragmaText('synchronous'), `synchronous = ${synchronous}`],
      [policyEntry('synchronous'), `synchronous: ${LEVEL_NUMBERS[synchronous]}`],
    );
  if (journal !== 'DELETE') return edits;
  const connection = service === 'nanoclaw' ? 'db' : 'database';
  changed(
    [SWITCH_LINE, `    ${connection}.pragma('journal_mode = DELETE');\n`],
    [policyEntry('journal_mode'), "journal_mode: 'delete'"],
  );
  return edits;
}
