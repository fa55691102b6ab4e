import { describe, expect, it } from 'vitest';
import { writes } from '../check/writes.ts';
import { check, codesOf, type History, history } from './evidence-builder.ts';

const judged = (told: History) => check(writes, told);
const codes = (told: History) => codesOf(judged(told));
const UPDATE = { kind: 'update' } as const;

describe('writes', () => {
  it('passes when each acknowledged write is found once', () => {
    const told = history().ok('add-note', 'a', '1').ok('add-note', 'b', '2').finalRead('add-note', { a: '1', b: '2' });
    expect(judged(told)).toMatchObject({ verdict: 'pass', figures: { acknowledged: 2, lostWrites: 0 } });
  });

  it.each([
    ['is missing', {}, ['lost-write']],
    ['is listed with count 0', { a: ['1', 0] }, ['lost-write']],
    ['is there twice', { a: ['1', 2] }, ['duplicate-write']],
    ['has another value', { a: '2' }, ['unexpected-write']],
  ] as const)('an acknowledged write that %s is a finding', (_how, found, expected) => {
    const told = history()
      .ok('add-note', 'a', '1')
      .finalRead('add-note', found as Record<string, string | [string, number]>);
    expect(codes(told)).toEqual(expected);
  });

  it.each([
    ['missing', {}, []],
    ['there', { a: '1' }, []],
    ['there twice', { a: ['1', 2] }, ['duplicate-write']],
    ['there with another value', { a: '2' }, ['unexpected-write']],
  ] as const)('a write whose reply was lost may be %s or not', (_how, found, expected) => {
    const told = history().ok('add-note', 'z', '0').info('add-note', 'a', '1');
    told.finalRead('add-note', { z: '0', ...(found as Record<string, string | [string, number]>) });
    expect(codes(told)).toEqual(expected);
  });

  it.each([
    ['that was refused', (told: History) => told.refused('add-note', 'a', '1')],
    ['that nobody sent', (told: History) => told],
    ['that was only read', (told: History) => told.ok('add-note', 'a', '1', { kind: 'read' })],
  ])('a key %s must not be there', (_which, send) => {
    const told = send(history().ok('add-note', 'z', '0'));
    expect(codes(told.finalRead('add-note', { z: '0', a: '1' }))).toEqual(['unexpected-write']);
  });

  it('accepts a write that was refused first and acknowledged when sent again', () => {
    const told = history().refused('add-note', 'a', '1').ok('add-note', 'a', '1').finalRead('add-note', { a: '1' });
    expect(codes(told)).toEqual([]);
  });

  it('accepts either value when a key was sent twice', () => {
    const told = history().info('add-note', 'a', '1').ok('add-note', 'a', '2').finalRead('add-note', { a: '1' });
    expect(codes(told)).toEqual([]);
  });

  it('compares keys alone when no value was recorded', () => {
    expect(codes(history().ok('add-note', 'a').finalRead('add-note', { a: 'whatever' }))).toEqual([]);
  });

  it('counts a key that the final read lists twice', () => {
    const told = history().ok('add-note', 'a', '1').finalRead('add-note', { a: '1' });
    told.but('final-read', (read) => ({ items: [...read.items, ...read.items] }));
    expect(codes(told)).toEqual(['duplicate-write']);
  });

  it('takes the last of several final reads', () => {
    const told = history().ok('add-note', 'a', '1').finalRead('add-note', {}).finalRead('add-note', { a: '1' });
    expect(codes(told)).toEqual([]);
  });

  it('keeps names apart that use the same keys', () => {
    const told = history().ok('add-note', 'a', '1').ok('add-tag', 'a', '2');
    told.finalRead('add-note', { a: '1' }).finalRead('add-tag', {});
    const result = judged(told);
    expect(codesOf(result)).toEqual(['lost-write']);
    expect(result.findings[0]?.message).toContain('What add-tag acknowledged');
  });

  it('makes one finding of many losses, with the first and the last', () => {
    const told = history();
    for (let i = 0; i < 1_000; i++) told.ok('add-note', `k${i}`, 'x');
    const result = judged(told.finalRead('add-note', {}));
    expect(result.findings).toHaveLength(1);
    expect(result.findings[0]?.message).toContain('seen 1000 keys against it, such as k0, k999');
    expect(result.findings[0]?.evidence).toMatchObject([
      { key: 'k0', sent: [{ index: 0 }], found: null },
      { key: 'k999', sent: [{ index: 999 }], found: null },
    ]);
    expect(result.figures).toMatchObject({ lostWrites: 1_000 });
  });

  it('keeps the most frequent duplicate as the worst', () => {
    const told = history().ok('add-note', 'a', '').ok('add-note', 'b', '').ok('add-note', 'c', '');
    const result = judged(told.finalRead('add-note', { a: ['', 2], b: ['', 9], c: ['', 3] }));
    expect(result.findings[0]?.evidence).toMatchObject([{ key: 'a' }, { key: 'b' }, { key: 'c' }]);
  });

  it('shortens what it quotes', () => {
    const told = history()
      .ok('add-note', 'a', '1')
      .finalRead('add-note', { a: 'x'.repeat(5_000) });
    expect(JSON.stringify(judged(told).findings).length).toBeLessThan(1_500);
  });
});

describe('updates', () => {
  const updated = () => history().ok('set-title', 'a', 'v1', UPDATE).ok('set-title', 'a', 'v2', UPDATE);

  it.each([
    ['the newest value', { a: 'v2' }, []],
    ['an older value', { a: 'v1' }, ['lost-write']],
    ['nothing', {}, ['lost-write']],
    ['a value that nobody sent', { a: 'v9' }, ['unexpected-write']],
    ['the newest value twice', { a: ['v2', 2] }, ['duplicate-write']],
  ] as const)('end with %s', (_what, found, expected) => {
    const told = updated().finalRead('set-title', found as Record<string, string | [string, number]>);
    expect(codes(told)).toEqual(expected);
  });

  it('a refused value must not be there', () => {
    const told = updated().refused('set-title', 'a', 'v3', UPDATE).finalRead('set-title', { a: 'v3' });
    expect(codes(told)).toEqual(['unexpected-write']);
  });

  it.each(['v2', 'v3'])('a newer one whose reply was lost leaves it open: %s', (value) => {
    const told = updated().info('set-title', 'a', 'v3', UPDATE).finalRead('set-title', { a: value });
    expect(codes(told)).toEqual([]);
  });

  it('one whose reply was lost may still take effect after a newer one: it may have waited in a frozen process', () => {
    const told = history().info('set-title', 'a', 'v1', UPDATE).ok('set-title', 'a', 'v2', UPDATE);
    expect(codes(told.finalRead('set-title', { a: 'v1' }))).toEqual([]);
  });

  it.each(['v1', 'v2'])('two that overlap may end either way: %s', (value) => {
    const told = history();
    told.at(100).ok('set-title', 'a', 'v1', { ...UPDATE, client: 'one', tookMs: 50 });
    told.at(120).ok('set-title', 'a', 'v2', { ...UPDATE, client: 'two', tookMs: 50 });
    expect(codes(told.finalRead('set-title', { a: value }))).toEqual([]);
  });

  it('of one client count in their order within one millisecond', () => {
    const told = history()
      .at(5)
      .ok('set-title', 'a', 'v1', { ...UPDATE, tookMs: 0 });
    told.ok('set-title', 'a', 'v2', { ...UPDATE, tookMs: 0 });
    expect(codes(told.finalRead('set-title', { a: 'v1' }))).toEqual(['lost-write']);
  });

  it('of two clients within one millisecond may have come in either order', () => {
    const told = history()
      .at(5)
      .ok('set-title', 'a', 'v1', { ...UPDATE, client: 'one', tookMs: 0 });
    told.ok('set-title', 'a', 'v2', { ...UPDATE, client: 'two', tookMs: 0 });
    expect(codes(told.finalRead('set-title', { a: 'v1' }))).toEqual([]);
  });

  it('that were never acknowledged say nothing of a key that was there before', () => {
    const told = updated().info('set-title', 'b', 'v1', UPDATE).refused('set-title', 'c', 'v1', UPDATE);
    expect(codes(told.finalRead('set-title', { a: 'v2', b: 'before', c: 'before', d: 'untouched' }))).toEqual([]);
  });

  it('follow a write of the same name', () => {
    const told = history().ok('put', 'a', 'v1').ok('put', 'a', 'v2', UPDATE).refused('put', 'b', 'v1');
    expect(codes(told.finalRead('put', { a: 'v2' }))).toEqual([]);
    expect(codes(told.finalRead('put', { a: 'v1' }))).toEqual(['lost-write']);
    expect(codes(told.finalRead('put', { a: 'v2', b: 'v1' }))).toEqual(['unexpected-write']);
  });
});

describe('without evidence', () => {
  it('is unknown when nothing was acknowledged', () => {
    expect(codes(history().info('add-note', 'a', '1').finalRead('add-note', { a: '1' }))).toEqual(['not-exercised']);
  });

  it('is unknown for the name that no final read answers for, and judges the others', () => {
    const told = history().ok('add-note', 'a', '1').ok('add-tag', 'a', '1').finalRead('add-note', {});
    const result = judged(told);
    expect(result.verdict).toBe('fail');
    expect(result.findings.map((finding) => [finding.code, finding.message.includes('add-tag')])).toEqual([
      ['lost-write', false],
      ['not-exercised', true],
    ]);
  });

  it('is unknown when the final read came before the last acknowledgement', () => {
    const told = history().ok('add-note', 'a', '1').finalRead('add-note', { a: '1' }).ok('add-note', 'b', '1');
    expect(codes(told)).toEqual(['not-exercised']);
  });

  it('is unknown when the final read came before the last fault had healed', () => {
    const told = history().ok('add-note', 'a', '1').at(100).finalRead('add-note', {}).fault('kill', 'host', 90, 200);
    expect(codes(told)).toEqual(['not-exercised']);
  });

  it('is unknown when a write carries no key to find it by', () => {
    const told = history().ok('add-note', 'a', '1').ok('add-note').finalRead('add-note', { a: '1' });
    expect(codes(told)).toEqual(['not-exercised']);
  });
});
