/** Goal: the reads at the end wait for what is owed, and no longer. Method: services made of a few lines. */
import { describe, expect, test } from 'vitest';
import type { Op } from '../model/op.ts';
import { readDelivery } from '../traffic/delivery-read.ts';
import { readSearch } from '../traffic/search-read.ts';
import { history } from './evidence-builder.ts';

const opsOf = (...keys: string[]): readonly Op[] => {
  const told = history();
  for (const key of keys) told.ok('add-note', key, 'x');
  return [...told.info('add-note', 'maybe', 'x').refused('add-note', 'refused', 'x').evidence().ops];
};

describe('the read of answers', () => {
  /** Gives out one page of answers at each call, and is drained when none is left. */
  const answering = (...pages: [id: string, key: string | null][][]) => ({
    newAnswers: async () => (pages.shift() ?? []).map(([id, key]) => ({ id, key })),
    isDrained: async () => pages.length === 0,
  });

  test('waits until each acknowledged message is answered and nothing is left to do', async () => {
    const read = await readDelivery('add-note', opsOf('a', 'b'), answering([['1', 'a']], [], [['2', 'b']]));
    expect(read.answers).toEqual([
      { key: 'a', count: 1 },
      { key: 'b', count: 1 },
    ]);
  });

  test('counts an answer once however often it is shown, and two answers twice', async () => {
    const pages = answering([['1', 'a']], [['1', 'a']], [['2', 'a']], [['3', null]]);
    expect((await readDelivery('add-note', opsOf('a'), pages)).answers).toEqual([{ key: 'a', count: 2 }]);
  });

  test('ends at the deadline with what there is', async () => {
    const read = await readDelivery('add-note', opsOf('a', 'b'), answering([['1', 'a']]), 300);
    expect(read).toMatchObject({ answers: [{ key: 'a', count: 1 }], deadlineMs: 300 });
    expect(read.waitedMs).toBeGreaterThanOrEqual(300);
    expect(read.waitedMs).toBeLessThan(2_000);
  });
});

describe('the searches', () => {
  const rows = async () => ({ documents: 2, texts: 2 });

  test('are for all that may be stored or is listed, and not for what was refused', async () => {
    const listed = new Map([['found-here', 1]]);
    const read = await readSearch('add-note', opsOf('a'), { listed, found: async () => 1, rows });
    expect(read.items.map(({ key }) => key).sort()).toEqual(['a', 'found-here', 'maybe']);
    expect(read).toMatchObject({ unasked: 0, rows: { documents: 2, texts: 2 } });
  });

  test('are made again for what is owed and was not found at first', async () => {
    let asked = 0;
    const found = async (key: string) => (key === 'a' && asked++ < 2 ? 0 : 1);
    const read = await readSearch('add-note', opsOf('a'), { listed: new Map(), found, rows });
    expect(read.items).toContainEqual({ key: 'a', listed: 0, found: 1 });
    expect(asked).toBe(3);
  });

  test('are made for several keys at once, and by itself for each that was not seen exactly once', async () => {
    const keys = ['a', 'b', 'c', 'd', 'e'];
    const [groups, alone]: [string[][], string[]] = [[], []];
    const times = new Map(Object.entries({ a: 1, b: 2, c: 0, d: 1, e: 1 }));
    const found = async (key: string) => {
      alone.push(key);
      return times.get(key) ?? 0;
    };
    const once = async (asked: readonly string[]) => {
      groups.push([...asked]);
      return asked.filter((key) => times.get(key) === 1);
    };
    const listed = new Map([['c', 0]]);
    const ops = opsOf(...keys.filter((key) => key !== 'c'));
    const read = await readSearch('add-note', ops, { listed, found, glance: { most: 2, once }, rows });
    expect(groups.flat().sort()).toEqual([...keys, 'maybe'].sort());
    expect(groups.map(({ length }) => length)).toEqual([2, 2, 2]);
    expect([...new Set(alone)].sort()).toEqual(['b', 'c', 'maybe']);
    expect(new Map(read.items.map((item) => [item.key, item.found]))).toEqual(new Map([...times, ['maybe', 0]]));
  });
});
