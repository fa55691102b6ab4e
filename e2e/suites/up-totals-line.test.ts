/**
 * Goal: the running totals of `walproof up` are one line that is written anew on a terminal, no wider than it, and a line now and
 * then elsewhere. Method: streams that say that they are a terminal, or do not.
 */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { Ledger } from '../commands/live/ledger.ts';
import { TotalsLine } from '../commands/live/totals-line.ts';

function lineOn(terminal: { isTTY: boolean; columns?: number }): { line: TotalsLine; written: () => string } {
  const stream = Object.assign(new PassThrough(), terminal);
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  stream.resume();
  return { line: new TotalsLine(stream as unknown as NodeJS.WriteStream), written: () => text };
}

const { totals } = new Ledger();

test('on a terminal each line takes the place of the one before, and something else begins on a line of its own', () => {
  const { line, written } = lineOn({ isTTY: true, columns: 40 });
  line.show(totals, null);
  line.show(totals, 'the observer answers HTTP 503');
  line.end();
  const lines = written().split('\r\x1b[2K');
  expect(lines).toEqual(['', '0 acknowledged · 0 failed · 0 lost · 0 ', 'the observer answers HTTP 503\n']);
});

test('elsewhere a line is kept, so one that follows at once is left out, and no control character is written', () => {
  const { line, written } = lineOn({ isTTY: false });
  line.show(totals, null);
  line.show(totals, null);
  line.end();
  expect(written()).toBe('0 acknowledged · 0 failed · 0 lost · 0 refused by SQLite · 0 restarts · pragmas as due\n');
});
