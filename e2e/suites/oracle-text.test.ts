/** Goal: what Oracle V2 makes of text: slugs, files, ids and queries. Method: its pure functions, no process. */
import { describe, expect, test } from 'vitest';
import { documentOf } from '../../fixtures/oracle-v2/src/document.ts';
import { slugOf } from '../../fixtures/oracle-v2/src/learning-file.ts';
import { formatMarkdown, parseMarkdown } from '../../fixtures/oracle-v2/src/markdown.ts';
import { matchOf } from '../../fixtures/oracle-v2/src/match.ts';
import { identityOf } from '../../fixtures/oracle-v2/src/repository.ts';
import { markWords, unmarkWords } from '../../fixtures/oracle-v2/src/words.ts';

describe('a slug', () => {
  test.each([
    ['WAL keeps readers going!', 'wal-keeps-readers-going'],
    ['  Über café — naïve  ', 'uber-cafe-naive'],
    ['first line only\nnot this', 'first-line-only'],
    ['ระบบ sqlite ล่ม', 'sqlite'],
    ['../../etc/passwd', 'etc-passwd'],
    ['x'.repeat(200), 'x'.repeat(50)],
  ])('of %j is %s', (pattern, slug) => expect(slugOf(pattern)).toBe(slug));

  test('of text without Latin letters is its hash, so different texts have different names', () => {
    expect(slugOf('ฐานข้อมูล')).toMatch(/^learning-[0-9a-f]{8}$/);
    expect(slugOf('ฐานข้อมูล')).not.toBe(slugOf('ระบบ'));
    expect(slugOf('***')).toMatch(/^learning-[0-9a-f]{8}$/);
  });
});

describe('a Markdown file', () => {
  test('gives back what was written, whatever the text looks like', () => {
    const header = { title: 'a "quoted": title\n---', created: '2026-02-03T04:05:06.000Z', concepts: ['a,b', '[c]'] };
    const body = '---\nlooks: like a header\n---\n\nand goes on\r\nฐานข้อมูล';
    expect(parseMarkdown(formatMarkdown({ header, body }))).toEqual({ header, body });
  });

  test.each([
    ['no header', 'just text', {}, 'just text'],
    ['an empty header', '---\n---\ntext', {}, 'text'],
    ['an unfinished header', '---\ntitle: x', {}, '---\ntitle: x'],
    [
      'plain YAML',
      '---\ntags: [wal, locking]\norigin: home\n---\ntext',
      { concepts: ['wal', 'locking'], origin: 'home' },
      'text',
    ],
    ['values of the wrong kind', '---\ntitle: 7\nconcepts: no\n---\ntext', {}, 'text'],
    ['nothing at all', '', {}, ''],
  ])('may have %s', (_name, text, header, body) => expect(parseMarkdown(text)).toEqual({ header, body }));

  test('makes the same document for whoever reads it', () => {
    const text = formatMarkdown({ header: { created: '2026-02-03T04:05:06.000Z' }, body: 'text' });
    const file = { mtimeMs: 5.25, sizeBytes: 70 };
    expect(documentOf('ψ/memory/learnings/a.md', text, file)).toEqual(
      documentOf('ψ/memory/learnings/a.md', text, file),
    );
    expect(documentOf('ψ/memory/learnings/a.md', 'no date', file).createdAt).toBe(5);
  });
});

describe('the identity of a document', () => {
  test.each([
    ['ψ/memory/learnings/2026-02-03_wal.md', 'learning_2026-02-03_wal', 'learning'],
    ['ψ/memory/retrospectives/2026/02/a.md', 'retro_2026/02/a', 'retro'],
    ['ψ/memory/resonance/oracle.md', 'principle_oracle', 'principle'],
    ['ψ/memory/logs/a.md', 'note_logs/a', 'note'],
    ['ψ/memory/a.md', 'note_a', 'note'],
  ])('%s is %s', (sourceFile, id, type) => expect(identityOf(sourceFile)).toEqual({ id, type }));
});

describe('words', () => {
  test('of a Thai sentence are marked, and the marks come off again', () => {
    const text = 'ระบบฐานข้อมูลล่ม at night 東京都';
    expect(markWords(text).split('\u200b').length).toBeGreaterThan(3);
    expect(unmarkWords(markWords(text))).toBe(text);
    expect(markWords(markWords(text))).toBe(markWords(text));
  });
});

describe('a query', () => {
  test.each([
    ['wal mode', '"wal" AND "mode"', '"wal" OR "mode"'],
    ['wal', '"wal"', null],
    ['wal OR NOT mode', '"wal" AND "mode"', '"wal" OR "mode"'],
    ['not and near', '"not" AND "and" AND "near"', '"not" OR "and" OR "near"'],
    ['content:wal^ "mode*" -x', '"content" AND "wal" AND "mode" AND "x"', '"content" OR "wal" OR "mode" OR "x"'],
    ['wal wal', '"wal"', null],
  ])('%j asks for every word, else any', (query, all, any) => expect(matchOf(query)).toEqual({ all, any, parts: [] }));

  test.each(['***', '"', 'AND', '(', '\u0e48'])('%j holds no word', (query) => expect(matchOf(query)).toBeNull());

  test('in Thai also keeps its parts, to be looked for by letter', () => {
    expect(matchOf('ฐานข้อมูล ล่ม')?.parts).toEqual(['ฐานข้อมูล', 'ล่ม']);
  });

  test('has an end', () => {
    const many = Array.from({ length: 100 }, (_, n) => `w${n}`).join(' ');
    expect(matchOf(many)?.all.split(' AND ')).toHaveLength(32);
  });
});
