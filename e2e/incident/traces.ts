/** What bugs leave in the files themselves, for those that no log tells of. Pure: facts in, traces out. */
import { hasWalResetBug } from '../check/engine-gate.ts';
import type { Inspection } from '../inspect/facts.ts';
import type { Recovered } from './recovered.ts';

export interface Trace {
  /** Name of the repro. */
  repro: string;
  /** As for a word in a log: a code of SQLite counts 10. */
  points: number;
  because: string;
}

/** Twice what an undisturbed -wal reaches before its automatic checkpoint. */
const MANY_FRAMES = 2_000;

export function tracesIn(inspection: Inspection, { tables, integrityCheck, foreignKeyCheck }: Recovered): Trace[] {
  const traces: Trace[] = [];
  const add = (repro: string, points: number, because: string) => traces.push({ repro, points, because });
  const { wal, sidecars, database } = inspection;
  if (sidecars.journal?.state === 'hot')
    add('hot-journal-readonly-reader', 12, 'a hot rollback journal lies beside the database');
  if (wal !== null && (wal.notCheckpointed ?? 0) > MANY_FRAMES) {
    const because = `${wal.notCheckpointed} frames of the -wal are not checkpointed`;
    add('checkpoint-starvation', 14, because);
    add('disk-full-volume', 4, because);
  }
  if (foreignKeyCheck.length > 0)
    add('fk-enabled-on-legacy', 10, `foreign_key_check names ${foreignKeyCheck.length} rows`);
  const sound = integrityCheck.length === 1 && integrityCheck[0] === 'ok';
  if (!sound) {
    add('stale-wal-after-restore', 10, 'integrity_check complains');
    add('split-kernel-wal', 6, 'integrity_check complains');
  }
  const { writtenBy = null } = database.headerInWal ?? database.header ?? {};
  if (writtenBy !== null && hasWalResetBug(writtenBy) === true)
    add('wal-reset-corruption', sound ? 4 : 14, `last written by SQLite ${writtenBy}`);
  traces.push(...fullTextTraces(tables));
  return traces;
}

/** Rows of text against the documents beside them, as Oracle V2 has both. */
function fullTextTraces(tables: Recovered['tables']): Trace[] {
  const rows = (name: string) => tables.find((table) => table.name === name)?.rows ?? null;
  const [documents, texts] = [rows('oracle_documents'), rows('oracle_fts_docsize')];
  if (documents === null || texts === null || documents === texts) return [];
  const because = `${texts} rows of text for ${documents} documents`;
  return [
    texts > documents
      ? { repro: 'fts-replace-duplicates', points: 14, because }
      : { repro: 'kill-mid-reindex-empty', points: 14, because },
  ];
}
