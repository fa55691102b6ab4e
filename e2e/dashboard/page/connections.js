/** @import { ConnectionNow } from '../state.ts' */
import { el } from './dom.js';
import { count, duration } from './format.js';

/** By number, as https://sqlite.org/pragma.html#pragma_synchronous names them. */
const SYNCHRONOUS = ['OFF', 'NORMAL', 'FULL', 'EXTRA'];

/**
 * What each connection says of itself, one a row; the body is filled by whoever shows it.
 *
 * @param {HTMLElement} body
 */
export function connectionsTable(body) {
  const heads = ['connection', 'journal', 'timeout', 'sync', 'cache', 'keys', 'SQLite'];
  const head = el('thead', {}, el('tr', {}, ...heads.map((text) => el('th', { scope: 'col' }, text))));
  const table = el('table', { class: 'connections' }, head, body);
  return el('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Pragmas by connection' }, table);
}

/**
 * @param {string} process
 * @param {boolean} isUp
 * @param {ConnectionNow} seen
 */
export function connectionRow(process, isUp, seen) {
  /** @type {[string, string][]} */
  const cells = [
    ['journal_mode', seen.journalMode],
    ['busy_timeout', duration(seen.busyTimeoutMs)],
    ['synchronous', SYNCHRONOUS[seen.synchronous] ?? String(seen.synchronous)],
    ['cache_size', seen.cacheSize < 0 ? `${count(-seen.cacheSize)} KiB` : `${count(seen.cacheSize)} pages`],
    ['foreign_keys', seen.foreignKeys ? 'ON' : 'OFF'],
    ['', seen.sqliteVersion],
  ];
  const made = cells.map(([pragma, text]) => {
    const drift = seen.drift.find((each) => each.pragma === pragma);
    if (drift === undefined) return el('td', {}, text);
    return el(
      'td',
      { class: 'drift', title: `expected ${drift.expected}, seen ${drift.seen}` },
      `≠ ${text}`,
      el('span', { class: 'hidden' }, ` (expected ${drift.expected})`),
    );
  });
  const name = `${process} #${seen.connection}${isUp ? '' : ' (last seen)'}`;
  return el('tr', isUp ? {} : { class: 'gone' }, el('th', { scope: 'row' }, name), ...made);
}
