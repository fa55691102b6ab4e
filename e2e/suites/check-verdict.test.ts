import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { conclude, Examples, listed, shorten } from '../check/finding.ts';
import { mergeVerdicts, type Verdict } from '../model/verdict.ts';

const verdict = fc.constantFrom<Verdict>('pass', 'unknown', 'fail');

describe('mergeVerdicts', () => {
  it('is unknown when there is no verdict', () => {
    expect(mergeVerdicts([])).toBe('unknown');
  });

  it.each([
    [['pass', 'pass'], 'pass'],
    [['pass', 'unknown'], 'unknown'],
    [['unknown', 'fail', 'pass'], 'fail'],
  ] as [Verdict[], Verdict][])('of %j is %s', (verdicts, merged) => {
    expect(mergeVerdicts(verdicts)).toBe(merged);
  });

  it('depends neither on order nor on grouping', () => {
    fc.assert(
      fc.property(fc.array(verdict, { minLength: 1 }), fc.array(verdict, { minLength: 1 }), (a, b) => {
        const together = mergeVerdicts([...a, ...b]);
        expect(mergeVerdicts([...b, ...a])).toBe(together);
        expect(mergeVerdicts([mergeVerdicts(a), mergeVerdicts(b)])).toBe(together);
      }),
    );
  });
});

describe('conclude', () => {
  const finding = (code: 'busy' | 'not-exercised') => ({ code, message: '', evidence: [] });

  it('passes without findings', () => {
    expect(conclude('x', []).verdict).toBe('pass');
  });

  it('is unknown when evidence is missing and nothing is broken', () => {
    expect(conclude('x', [finding('not-exercised')]).verdict).toBe('unknown');
  });

  it('fails when something is broken, also when other evidence is missing', () => {
    expect(conclude('x', [finding('not-exercised'), finding('busy')]).verdict).toBe('fail');
  });
});

describe('Examples', () => {
  it('keeps the first, the worst and the last', () => {
    const examples = new Examples<string>();
    for (const [name, badness] of [
      ['first', 2],
      ['mild', 1],
      ['worst', 9],
      ['also 9', 9],
      ['last', 3],
    ] as const)
      examples.add(name, badness);
    expect(examples.list()).toEqual(['first', 'worst', 'last']);
    expect(examples.count).toBe(5);
  });

  it('gives a single example once', () => {
    const examples = new Examples<string>();
    examples.add('only');
    expect(examples.list()).toEqual(['only']);
  });
});

describe('text', () => {
  it('lists each name once and says how many more there are', () => {
    expect(listed(['a', 'a', 'b'])).toBe('a, b');
    expect(listed(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c, d, e');
    expect(listed(['a', 'b', 'c', 'd', 'e', 'f', 'g'])).toBe('a, b, c, d, e and 2 more');
  });

  it('shortens long text and says how long it was', () => {
    expect(shorten('x'.repeat(200))).toHaveLength(200);
    expect(shorten('x'.repeat(201))).toMatch(/^x{200}… \(201 characters\)$/);
  });
});
