import { describe, expect, it } from 'vitest';
import { searchIndex } from '../check/search-index.ts';
import { check, codesOf, goodRun, history } from './evidence-builder.ts';

const learned = () => history().ok('add-note', 'a', 'x').ok('add-note', 'b', 'y');

describe('search-index', () => {
  it('passes when each acknowledged document is found once and FTS5 does not complain', () => {
    const result = check(searchIndex, learned().searched('add-note', { a: 1, b: 1 }).fullText().commits());
    expect(result).toMatchObject({ verdict: 'pass', figures: { searchedKeys: 2, unfindable: 0, foundTwice: 0 } });
  });

  it('names an acknowledged document that no search returns', () => {
    const [finding] = check(searchIndex, learned().searched('add-note', { a: 1, b: 0 }).fullText().commits()).findings;
    expect(finding).toMatchObject({ code: 'document-unfindable', evidence: [{ key: 'b', acknowledged: true }] });
  });

  it('names a document that is listed and not found, though its reply was lost', () => {
    const told = learned().info('add-note', 'c', 'z');
    const codes = (listed: number) =>
      codesOf(
        check(
          searchIndex,
          told
            .without('search-read')
            .searched('add-note', { a: 1, b: 1, c: [listed, 0] })
            .fullText()
            .commits(),
        ),
      );
    expect(codes(1)).toEqual(['document-unfindable']);
    expect(codes(0)).toEqual([]);
  });

  it('calls an index that holds a document twice inconsistent', () => {
    const [finding] = check(searchIndex, learned().searched('add-note', { a: 2, b: 1 }).fullText().commits()).findings;
    expect(finding).toMatchObject({ code: 'fts-inconsistent', evidence: [{ key: 'a', found: 2 }] });
  });

  it('names rows of text that no document has, and documents without one', () => {
    const told = (documents: number, texts: number) =>
      learned().searched('add-note', { a: 1, b: 1 }, { documents, texts }).fullText().commits();
    expect(codesOf(check(searchIndex, told(2, 2)))).toEqual([]);
    for (const texts of [1, 3]) {
      const [finding] = check(searchIndex, told(2, texts)).findings;
      expect(finding).toMatchObject({ code: 'fts-inconsistent', evidence: [{ documents: 2, texts }] });
      expect(finding?.message).toContain(`seen ${texts} for 2`);
    }
  });

  it('quotes what FTS5 complains of', () => {
    const [finding] = check(searchIndex, goodRun().fullText('fts5: checksum mismatch')).findings;
    expect(finding?.message).toContain('seen in 1 of 2 checks: fts5: checksum mismatch');
  });

  it('names a commit that left a document without its text, though it got one later', () => {
    const [finding] = check(searchIndex, goodRun().commits(30, '{"id":"b"}')).findings;
    expect(finding).toMatchObject({ code: 'document-unfindable', evidence: [{ frame: 7, rows: ['{"id":"b"}'] }] });
    expect(finding?.message).toContain('after 1 of 50');
  });

  it.each([
    ['no look at commits', () => goodRun().without('commits')],
    ['a look at too few of them to tell', () => goodRun().without('commits').commits(19)],
    ['no search', () => goodRun().without('search-read')],
    ['a search before the last fault had healed', () => goodRun().but('search-read', () => ({ atMs: 650 }))],
    [
      'keys that were not asked for',
      () => goodRun().but('search-read', ({ items }) => ({ items: items.slice(2), unasked: 2 })),
    ],
    [
      'nothing acknowledged',
      () => history().info('add-note', 'a', 'x').searched('add-note', { a: 1 }).fullText().commits(),
    ],
    ["no check of FTS5's own", () => goodRun().without('integrity', ({ source }) => source === 'copy')],
    [
      'a check of another table',
      () => goodRun().but('integrity', () => ({ fullText: [{ table: 'x', complaints: [] }] })),
    ],
    ["FTS5's check before the traffic ended", () => goodRun().but('integrity', () => ({ atMs: 850 }))],
  ])('is unknown with %s', (_, told) => {
    const result = check(searchIndex, told());
    expect([result.verdict, new Set(codesOf(result))]).toEqual(['unknown', new Set(['not-exercised'])]);
  });
});
