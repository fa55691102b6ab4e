/** An inspection for a terminal: tables as the other commands have them, then what to do in plain words. */
import Table from 'cli-table3';
import type { Inspection, LockFact } from './facts.ts';
import { pendingBytes } from './inspect.ts';

const BARE = { head: [], border: [] };
const COMMAND_WIDTH = 44;
const ADVICE_WIDTH = 100;

export function inspectionText(found: Inspection, how: string | null): string {
  const parts = [headline(found, how), filesTable(found)];
  parts.push(locksText(found));
  if (found.processes.length > 0) parts.push(processesTable(found));
  parts.push(adviceText(found));
  return `${parts.join('\n')}\n`;
}

function headline({ database }: Inspection, how: string | null): string {
  const via = database.askedFor === database.path ? '' : ` (asked for as ${database.askedFor})`;
  return `${database.path}${via}${how === null ? '' : `, found as ${how}`}`;
}

export function filesTable(found: Inspection, { withFilesystem = true } = {}): string {
  const table = new Table({ style: BARE, wordWrap: true, colWidths: [16, ADVICE_WIDTH - 16] });
  const { database, filesystem } = found;
  const { header } = database;
  table.push([
    'database',
    `${bytes(database.bytes)}, ${header === null ? 'empty: valid, without a page' : pagesText(found)}`,
  ]);
  if (header !== null) {
    table.push(['journal mode', modeText(found)]);
    table.push(['header', headerText(found)]);
  }
  table.push(['-wal', walText(found)]);
  if (found.wal !== null && found.wal.header !== null) {
    table.push(['frames', framesText(found)]);
    table.push(['checkpoint', checkpointText(found)]);
  }
  table.push(['-journal', journalText(found)]);
  if (withFilesystem)
    table.push([
      'filesystem',
      `${filesystem.type}${filesystem.mountPoint === null ? '' : ` at ${filesystem.mountPoint}`}, WAL ${soundness(filesystem.walSound)}: ${filesystem.because}`,
    ]);
  return table.toString();
}

function soundness(sound: boolean | null): string {
  if (sound === null) return 'may or may not be sound';
  return sound ? 'is sound' : 'is NOT sound';
}

function pagesText({ database }: Inspection): string {
  const header = database.headerInWal ?? database.header;
  if (header === null) return '';
  const pages = header.pages === null ? 'pages of' : `${header.pages} pages of`;
  return `${pages} ${header.pageSize} bytes, ${header.freelistPages} of them free, ${header.encoding}`;
}

function modeText({ database: { header } }: Inspection): string {
  if (header === null) return '';
  return `${header.journalMode} (read version ${header.readVersion}, write version ${header.writeVersion}), last written by SQLite ${header.writtenBy ?? 'of an unknown version'}`;
}

function headerText({ database: { header, headerInWal } }: Inspection): string {
  if (header === null) return '';
  const both = (of: (each: NonNullable<typeof header>) => number) =>
    headerInWal === null || of(headerInWal) === of(header)
      ? `${of(header)}`
      : `${of(header)} (${of(headerInWal)} with the -wal)`;
  return [
    `change counter ${both((each) => each.changeCounter)}`,
    `schema ${both((each) => each.schemaCookie)}`,
    `user_version ${both((each) => each.userVersion)}`,
    `application_id ${both((each) => each.applicationId)}`,
  ].join(', ');
}

function walText({ wal }: Inspection): string {
  if (wal === null) return 'none';
  const { header } = wal;
  if (header === null) return `${bytes(wal.bytes)}, no header: nothing was written yet`;
  const order = (header.magic & 1) === 1 ? 'big-endian' : 'little-endian';
  const holds = wal.headerProblem === null ? 'valid' : `NOT valid (${wal.headerProblem})`;
  return `${bytes(wal.bytes)}, header ${holds}: ${order} checksums, pages of ${header.pageSize} bytes, checkpoint sequence ${header.checkpointSequence}, salts ${header.salts.join(' ')}${wal.movedWhileRead ? '; it moved while it was read' : ''}`;
}

function framesText({ wal }: Inspection): string {
  if (wal === null) return '';
  const { older, torn, other, unseen } = wal.leftovers;
  const behind = [
    older > 0 ? `${older} of an older generation` : '',
    torn > 0 ? `${torn} torn` : '',
    other > 0 ? `${other} of none` : '',
    unseen > 0 ? `${unseen} not looked at` : '',
    wal.partialBytes > 0 ? `${wal.partialBytes} bytes of half a frame` : '',
  ].filter((part) => part !== '');
  const open = wal.valid - wal.committed;
  return `${wal.frames} in the file; ${wal.committed} in ${wal.commits} commits${open > 0 ? `, ${open} uncommitted` : ''}${behind.length > 0 ? `; behind them ${behind.join(', ')}` : ''}`;
}

function checkpointText(found: Inspection): string {
  const { wal, sidecars, oldestReader } = found;
  const pending = pendingBytes(found);
  const open =
    wal?.notCheckpointed == null
      ? 'not known'
      : `${wal.notCheckpointed} frames not checkpointed${pending === null ? '' : ` (${bytes(pending)})`}`;
  const { shm } = sidecars;
  const index =
    shm === null
      ? 'no index'
      : 'maxFrame' in shm && shm.isFilled
        ? `index: ${shm.backfilled} of ${shm.maxFrame} copied${shm.copiesEqual ? '' : ', its two copies differ'}`
        : 'an empty index';
  const pin =
    oldestReader === null
      ? ''
      : `; oldest reader ${oldestReader.lock} at frame ${oldestReader.frame}, pid ${oldestReader.pids.join(', ')}`;
  return `${open}; ${index}${pin}`;
}

function journalText({ sidecars: { journal } }: Inspection): string {
  return journal === null ? 'none' : `${bytes(journal.bytes)}, ${journal.state}`;
}

/** Every connection in WAL mode has these two as long as it is open; they exclude nobody. */
function isOfConnection({ lock, mode }: LockFact, { database }: Inspection): boolean {
  return lock === 'DMS' || (lock === 'SHARED' && mode === 'shared' && database.header?.journalMode === 'wal');
}

function locksText(found: Inspection): string {
  const telling = found.locks.filter((lock) => !isOfConnection(lock, found));
  const connected = new Set(found.locks.filter((lock) => isOfConnection(lock, found)).map(({ pid }) => pid)).size;
  const beside = connected === 0 ? '' : `; ${connected} ${connected === 1 ? 'process is' : 'processes are'} connected`;
  if (telling.length > 0) return `${locksTable(telling)}${beside === '' ? '' : `\n${beside.slice(2)}`}`;
  return `locks: none just now${beside}${found.locksUnseen === null ? '' : ` (${found.locksUnseen})`}`;
}

function locksTable(locks: readonly LockFact[]): string {
  const table = new Table({
    head: ['lock', 'mode', 'pid', 'process', 'container', 'runs since'],
    style: BARE,
    wordWrap: true,
  });
  for (const { lock, mode, pid, process, container, since, readsToFrame, waits } of locks) {
    const name = `${lock}${readsToFrame === null ? '' : ` to frame ${readsToFrame}`}${waits ? ' (waits)' : ''}`;
    table.push([name, mode, pid, shortened(process), container ?? '', since ?? 'not known']);
  }
  return `${table.toString()}\nSince when a lock is held the kernel does not know; "runs since" is of the process.`;
}

function processesTable({ processes }: Inspection): string {
  const table = new Table({ head: ['pid', 'process', 'container', 'SQLite', ''], style: BARE });
  for (const { pid, process, container, sqliteVersion, sqliteBy, stopped } of processes)
    table.push([
      pid,
      shortened(process),
      container ?? '',
      sqliteVersion ?? shortened(sqliteBy),
      stopped ? 'stopped' : '',
    ]);
  return table.toString();
}

function adviceText({ advice }: Inspection): string {
  if (advice.length === 0) return 'Nothing to do: all that can be seen from outside is in order.';
  const mark = { problem: 'PROBLEM', warning: 'warning', note: 'note' };
  return advice
    .map(({ level, what, next, because }, n) =>
      wrapped(`${n + 1}. ${mark[level]}: ${what}.`, `Next: ${next}.`, `Because ${because}.`),
    )
    .join('\n');
}

function wrapped(...texts: string[]): string {
  const lines: string[] = [];
  for (const [n, text] of texts.entries()) {
    let line = n === 0 ? '' : '   ';
    for (const word of text.split(' ')) {
      if (line.length + word.length + 1 > ADVICE_WIDTH && line.trim() !== '') {
        lines.push(line);
        line = '   ';
      }
      line += `${line.trim() === '' ? '' : ' '}${word}`;
    }
    lines.push(line);
  }
  return lines.join('\n');
}

function shortened(text: string): string {
  return text.length <= COMMAND_WIDTH ? text : `${text.slice(0, COMMAND_WIDTH - 1)}…`;
}

function bytes(count: number): string {
  if (count < 10_000) return `${count} bytes`;
  const units = ['KB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length, Math.floor(Math.log10(count) / 3));
  return `${(count / 1_000 ** power).toFixed(1)} ${units[power - 1]}`;
}
