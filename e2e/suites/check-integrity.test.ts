import { describe, expect, it } from 'vitest';
import { integrity } from '../check/integrity.ts';
import { check, codesOf, goodRun, type History, history } from './evidence-builder.ts';

const judged = (told: History) => check(integrity, told);
const ROWS = Array.from({ length: 100 }, (_, i) => `Page ${i} is never used`);

describe('integrity', () => {
  it.each(['live', 'copy'] as const)('fails when the %s database is corrupt', (source) => {
    expect(codesOf(judged(goodRun().integrity(source, ['wrong # of entries in index notes_by_time'])))).toEqual([
      'corrupt',
    ]);
  });

  it.each(['live', 'copy'] as const)('fails when a foreign key dangles in the %s database', (source) => {
    expect(codesOf(judged(goodRun().integrity(source, ['ok'], ['notes 3 → authors'])))).toEqual([
      'foreign-key-violation',
    ]);
  });

  it('finds both of both', () => {
    const told = goodRun().integrity('live', ROWS, ['a']).integrity('copy', ROWS, ['a']);
    expect(codesOf(judged(told)).toSorted()).toEqual([
      'corrupt',
      'corrupt',
      'foreign-key-violation',
      'foreign-key-violation',
    ]);
  });

  it('finds damage of an earlier look that a later one does not show', () => {
    expect(judged(goodRun().at(350).integrity('copy', ROWS)).verdict).toBe('fail');
  });

  it.each([
    ['live', 'the live database'],
    ['copy', 'the copy'],
  ] as const)('says of the %s database which rows it gave', (source, named) => {
    const [finding] = judged(goodRun().integrity(source, ['row 7 missing'])).findings;
    expect(finding?.message).toContain(`on ${named}, seen in 1 of 2 checks other rows, first row 7 missing.`);
    expect(finding?.evidence).toMatchObject([{ source, pragma: 'integrity_check', rows: ['row 7 missing'] }]);
  });

  it('quotes three rows and the number of all', () => {
    const told = goodRun().integrity('copy', ROWS);
    expect(judged(told).findings[0]?.evidence).toMatchObject([{ rows: ROWS.slice(0, 3), rowCount: 100 }]);
  });

  it.each(['live', 'copy'] as const)('is unknown without a check of the %s database', (source) => {
    const told = goodRun().without('integrity', (seen) => seen.source === source);
    expect(codesOf(judged(told))).toEqual(['not-exercised']);
  });

  it.each(['live', 'copy'] as const)('is unknown when integrity_check of the %s database gave no row', (source) => {
    const told = goodRun().but('integrity', (seen) => (seen.source === source ? { integrityCheck: [] } : {}));
    expect(codesOf(judged(told))).toEqual(['not-exercised']);
  });

  it('is unknown when the newest check is older than the traffic', () => {
    expect(codesOf(judged(goodRun().but('integrity', () => ({ atMs: 850 }))))).toEqual([
      'not-exercised',
      'not-exercised',
    ]);
  });

  it('takes a check made as the traffic ended', () => {
    expect(judged(goodRun().but('integrity', () => ({ atMs: 900 }))).verdict).toBe('pass');
  });

  it('is unknown when the newest check is older than the last fault', () => {
    expect(codesOf(judged(goodRun().fault('kill', 'host', 1_150, 1_300)))).toEqual(['not-exercised', 'not-exercised']);
  });

  it('passes on two sound checks without traffic', () => {
    expect(judged(history().integrity('live').integrity('copy'))).toMatchObject({
      verdict: 'pass',
      figures: { checks: 2 },
    });
  });
});
