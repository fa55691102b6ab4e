/**
 * Goal: a fault excuses the errors it is meant to provoke, inside its own time, and nothing else (check/excused.ts).
 * Method: one refused statement or reply beside a fill-disk from 300 to 500 ms, moved step by step out of the excuse.
 */
import { describe, expect, test } from 'vitest';
import { TAIL_MS } from '../check/excused.ts';
import { noBusy } from '../check/no-busy.ts';
import { check, codesOf, goodRun, type History } from './evidence-builder.ts';

const FULL = { code: 'SQLITE_FULL', message: 'database or disk is full' };

function full(): History {
  return goodRun().fault('fill-disk', 'volume', 300, 500, true, ['SQLITE_FULL']);
}

const refusedAt = (run: History, atMs: number, code = FULL.code) => run.at(atMs).sqliteError('host', code);
const replyAt = (run: History, atMs: number) =>
  run.at(atMs - 1).call('info', 'add-note', 'late', 'note', { error: FULL });

describe('is excused', () => {
  test.each([300, 400, 500, 500 + TAIL_MS])('a statement that a full disk refused at %d ms', (atMs) => {
    const result = check(noBusy, refusedAt(full(), atMs));
    expect(codesOf(result)).toEqual([]);
    expect(result.figures).toMatchObject({ excusedByFaults: 1 });
  });

  test('a reply that carries it', () => {
    expect(codesOf(check(noBusy, replyAt(full(), 400)))).toEqual([]);
  });
});

describe('is not excused', () => {
  test.each<[string, History]>([
    ['the same before the fault', refusedAt(full(), 299)],
    ['the same after the tail', refusedAt(full(), 501 + TAIL_MS)],
    ['another code inside its time', refusedAt(full(), 400, 'SQLITE_IOERR_WRITE')],
    ['an extended code of one that is named', refusedAt(full(), 400, 'SQLITE_FULL_DISK')],
    ['a reply after the tail', replyAt(full(), 502 + TAIL_MS)],
    ['the same inside a fault that names nothing', refusedAt(goodRun(), 350)],
    [
      'the same inside a fault without effect',
      refusedAt(goodRun().fault('fill-disk', 'volume', 300, 500, false, ['SQLITE_FULL']), 400),
    ],
  ])('%s', (_what, run) => {
    expect(codesOf(check(noBusy, run))).toEqual(['sqlite-error']);
  });

  test('a busy in the time of a full disk', () => {
    expect(codesOf(check(noBusy, refusedAt(full(), 400, 'SQLITE_BUSY')))).toEqual(['busy']);
  });
});
