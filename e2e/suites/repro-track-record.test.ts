/** Goal: README's table of the bugs cannot go stale. Method: it is made again from the repros and the record, and compared. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Reproduced, trackRecordTable, withTrackRecord } from '../repro/harness/track-record.ts';
import { REPROS } from '../repro/index.ts';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const record = JSON.parse(read('../repro/track-record.json')) as Reproduced[];

describe('the track record', () => {
  test('has every repro, each with the commit and the date at which it last held', () => {
    expect(record.map(({ name }) => name)).toEqual(REPROS.map(({ name }) => name));
    for (const { commit, date, seconds } of record) {
      expect(commit).toMatch(/^[0-9a-f]{7,40}$/);
      expect(date).toMatch(/^\d{4}-\d\d-\d\d$/);
      expect(seconds).toBeGreaterThan(0);
    }
  });

  test('is what README shows', () => {
    const readme = read('../../README.md');
    expect(withTrackRecord(readme, trackRecordTable(REPROS, record))).toBe(readme);
  });

  test('keeps a table a table, whatever a text holds', () => {
    const [first] = REPROS;
    if (first === undefined) throw new Error('no repro');
    const table = trackRecordTable([{ ...first, title: 'a | b\nc' }], []);
    expect(table).toContain('| a \\| b c |');
    expect(table).toContain('| never |');
  });

  test('needs its place in the document', () => {
    expect(() => withTrackRecord('# no place', 'table')).toThrow(RangeError);
  });
});
