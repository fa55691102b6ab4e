import { describe, expect, it } from 'vitest';
import { crashImages } from '../check/crash-images.ts';
import type { ImageCode } from '../model/crash.ts';
import { check, codesOf, goodRun, history } from './evidence-builder.ts';

const failedAs = (code: ImageCode, frame = 7) => ({
  code,
  kind: 'torn' as const,
  frame,
  commit: 6,
  said: 'what it showed',
  images: 3,
  keptIn: null,
});

/** Three notes, each acknowledged before the next was called; the copy was taken after them. */
const told = (keys: readonly string[], copiedAtMs = 1_000) => {
  const run = history().at(10).ok('add-note', 'a', '1').at(20).ok('add-note', 'b', '2').at(30).ok('add-note', 'c', '3');
  return run
    .at(2_000)
    .crashImages('add-note', keys, { copiedAtMs })
    .demanding({ crashImages: { least: 1_000 } });
};

describe('crash-images', () => {
  it('applies only where it was asked for', () => {
    const { service, demands } = goodRun().evidence();
    expect(crashImages.appliesTo?.(service, demands)).toBe(true);
    const { crashImages: _, ...others } = demands;
    expect(crashImages.appliesTo?.(service, others)).toBe(false);
  });

  it('passes with the figures of all copies', () => {
    const result = check(crashImages, told(['a', 'b', 'c']));
    expect(result).toMatchObject({ verdict: 'pass', findings: [] });
    expect(result.figures).toMatchObject({ copies: 1, images: 1_100, torn: 200, asCopied: 30, imagesPerSecond: 1_100 });
  });

  it.each(['not-a-prefix', 'corrupt', 'fts-inconsistent'] as const)(
    'says %s of an image, the smallest first',
    (code) => {
      const images = [failedAs(code, 9), failedAs(code, 4)];
      const run = goodRun().but('crash-images', () => ({ failed: images, failures: 6 }));
      const { verdict, findings } = check(crashImages, run);
      expect([verdict, findings.map((finding) => finding.code)]).toEqual(['fail', [code]]);
      expect(findings[0]?.message).toContain('seen 6');
      expect(findings[0]?.evidence).toContainEqual(expect.objectContaining({ frame: 4 }));
    },
  );

  it('misses what was acknowledged before the copy', () => {
    expect(codesOf(check(crashImages, told(['a', 'b'])))).toEqual(['not-a-prefix']);
    expect(codesOf(check(crashImages, told(['a', 'b'], 25)))).toEqual([]);
  });

  it('wants a commit before those of ops that were called after it returned', () => {
    const [finding] = check(crashImages, told(['a', 'c', 'b'])).findings;
    expect(finding).toMatchObject({ code: 'not-a-prefix', evidence: [{ first: 'b', after: 'c' }] });
    // Later than the copy or not: b was never committed, and c, which came after it, was.
    expect(codesOf(check(crashImages, told(['a', 'c'], 5)))).toEqual(['not-a-prefix']);
  });

  it('lets ops that were under way at once come in any order', () => {
    const both = history().at(10).call('ok', 'add-note', 'a', '1', { tookMs: 9 });
    const run = both.at(11).call('ok', 'add-note', 'b', '2', { tookMs: 1 }).at(50);
    const images = run.crashImages('add-note', ['x', 'b', 'a']).demanding({ crashImages: { least: 1_000 } });
    expect(codesOf(check(crashImages, images))).toEqual([]);
  });

  it('names a key that a later commit no longer has', () => {
    const run = goodRun().but('crash-images', ({ keys }) => ({
      keys: keys.map((own) => ({ ...own, vanished: ['k'] })),
    }));
    expect(check(crashImages, run).findings).toMatchObject([{ code: 'not-a-prefix', evidence: [{ vanished: 'k' }] }]);
  });

  it.each([
    ['no copy', () => goodRun().without('crash-images')],
    ['too few images', () => goodRun().demanding({ crashImages: { least: 5_000 } })],
    ['no frame that was not synced', () => goodRun().but('crash-images', ({ frames }) => ({ synced: frames }))],
    ['no acknowledged op in the frames', () => goodRun().but('crash-images', () => ({ keys: [] }))],
  ])('is unknown with %s', (_, run) => {
    const result = check(crashImages, run());
    expect([result.verdict, new Set(codesOf(result))]).toEqual(['unknown', new Set(['not-exercised'])]);
  });
});
