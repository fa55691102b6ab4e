import { describe, expect, it } from 'vitest';
import { delivery } from '../check/delivery.ts';
import { judge } from '../check/index.ts';
import { check, codesOf, goodRun, history, NOTES } from './evidence-builder.ts';

const sent = () => history().ok('add-note', 'a', 'x').ok('add-note', 'b', 'y');

describe('delivery', () => {
  it('passes when each acknowledged message is answered once', () => {
    const result = check(delivery, sent().delivered('add-note', { a: 1, b: 1 }));
    expect(result).toMatchObject({ verdict: 'pass', figures: { owed: 2, missed: 0, duplicated: 0, waitedMs: 100 } });
  });

  it('names the message that was missed, and how long it was waited for', () => {
    const [finding] = check(delivery, sent().delivered('add-note', { a: 1 })).findings;
    expect(finding).toMatchObject({ code: 'message-missed', evidence: [{ key: 'b', answers: 0 }] });
    expect(finding?.message).toContain('within 100 ms after the load, seen none to 1, such as b');
  });

  it('names the message that was answered twice, the worst of them as well', () => {
    const [finding] = check(delivery, sent().delivered('add-note', { a: 2, b: 5 })).findings;
    expect(finding).toMatchObject({ code: 'reply-duplicated', evidence: [{ key: 'a' }, { key: 'b', answers: 5 }] });
  });

  it('leaves open what a lost reply hides, but not a second answer', () => {
    const told = () => sent().info('add-note', 'c', 'z');
    for (const c of [0, 1]) {
      const counts: Record<string, number> = { a: 1, b: 1, ...(c === 0 ? {} : { c }) };
      expect(check(delivery, told().delivered('add-note', counts)).verdict).toBe('pass');
    }
    expect(codesOf(check(delivery, told().delivered('add-note', { a: 1, b: 1, c: 2 })))).toEqual(['reply-duplicated']);
  });

  it('owes a refused message nothing', () => {
    const told = sent().refused('add-note', 'c', 'z').delivered('add-note', { a: 1, b: 1 });
    expect(check(delivery, told).verdict).toBe('pass');
  });

  it('looks at no other ops', () => {
    const told = sent().ok('add-tag', 't', 'x').delivered('add-note', { a: 1, b: 1 });
    expect(check(delivery, told).verdict).toBe('pass');
  });

  it.each([
    ['no read of answers', () => goodRun().without('delivery-read')],
    ['a read of other answers', () => goodRun().but('delivery-read', () => ({ of: 'add-tag' }))],
    ['a read before the last fault had healed', () => goodRun().but('delivery-read', () => ({ atMs: 650 }))],
    ['a read before the last reply', () => goodRun().ok('add-note', 'late', 'x')],
    ['a message without a key', () => history().ok('add-note').delivered('add-note', {})],
    ['nothing acknowledged', () => history().info('add-note', 'a', 'x').delivered('add-note', { a: 1 })],
  ])('is unknown with %s', (_, told) => {
    const result = check(delivery, told());
    expect([result.verdict, codesOf(result)]).toEqual(['unknown', ['not-exercised']]);
  });

  it('is left out for a service that answers nothing', () => {
    const { promises: _, ...silent } = NOTES;
    const names = judge(goodRun().as({ service: silent }).evidence()).map((result) => result.check);
    expect(names).not.toContain('delivery');
    expect(names).not.toContain('search-index');
    expect(names).toContain('writes');
  });
});
