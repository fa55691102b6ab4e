/**
 * Goal:   a power cut is modelled from the calls alone: what was synced is there, anything else may be; and a promise that is too
 *         strong is refused.
 * Method: small traces by hand; a naive reading of the same calls; rows judged under every promise.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { choicesFor, EVERYTHING } from '../durability/choices.ts';
import { type Choice, Disk } from '../durability/disk.ts';
import { type ImageVerdict, keeps, type Row, rowOf, verdictOf } from '../durability/judge.ts';
import { type DurabilityDocument, judged } from '../durability/matrix.ts';
import { durabilityTable, withDurability } from '../durability/record.ts';
import { editsFor, LOSSES, PROMISES, SETTINGS } from '../durability/setting.ts';
import { type DiskEvent, eventsIn, type Suffix } from '../durability/trace.ts';
import { derive } from '../mutants/derive.ts';
import { SERVICES } from '../services/index.ts';

const NOTHING: Choice = { keepsEntry: () => false, keepsSector: () => false };
const LATE = Number.POSITIVE_INFINITY;

/** Calls one after the other, each of a microsecond. */
function calls(
  ...list: (DiskEvent extends infer E ? (E extends DiskEvent ? Omit<E, 'startUs' | 'endUs'> : never) : never)[]
) {
  return list.map((call, n) => ({ ...call, startUs: 10 * n, endUs: 10 * n + 1 }) as DiskEvent);
}

const open = (file: Suffix) => ({ kind: 'open', file, creates: true }) as const;
const write = (file: Suffix, at: number, text: string) =>
  ({ kind: 'write', file, at, bytes: Buffer.from(text) }) as const;
const sync = (file: Suffix) => ({ kind: 'sync', file }) as const;
const textOf = (files: Map<Suffix, Uint8Array>, file: Suffix) => {
  const bytes = files.get(file);
  return bytes === undefined ? null : Buffer.from(bytes).toString();
};

describe('a disk', () => {
  test('keeps what was synced and no more, when nothing else got there', () => {
    const disk = new Disk(calls(open(''), write('', 0, 'one'), sync(''), write('', 0, 'two'), write('', 3, 'three')));
    expect(textOf(disk.filesAfter(LATE, 'ordered', NOTHING), '')).toBe('one');
    expect(textOf(disk.filesAfter(LATE, 'ordered', EVERYTHING), '')).toBe('twothree');
    expect(textOf(disk.filesAfter(25, 'ordered', NOTHING), '')).toBe('one');
    expect(disk.pendingAt(LATE, 'ordered')).toBe(2);
  });

  test('does not take a sync for done before it has ended, nor a write that was under way when it began', () => {
    const [made, written, synced] = calls(open(''), write('', 0, 'one'), sync(''));
    const during = new Disk([made, written, { ...synced, endUs: 90 }] as DiskEvent[]);
    expect(textOf(during.filesAfter(80, 'ordered', NOTHING), '')).toBeNull();
    expect(textOf(during.filesAfter(91, 'ordered', NOTHING), '')).toBe('one');
    const crossing = new Disk([made, { ...written, endUs: 25 }, synced] as DiskEvent[]);
    expect(textOf(crossing.filesAfter(LATE, 'ordered', NOTHING), '')).toBe('');
  });

  test('syncs one file and not the other', () => {
    const disk = new Disk(calls(open(''), open('-wal'), write('', 0, 'db'), write('-wal', 0, 'wal'), sync('-wal')));
    const files = disk.filesAfter(LATE, 'ordered', NOTHING);
    expect([textOf(files, ''), textOf(files, '-wal')]).toEqual(['', 'wal']);
  });

  test('knows a removed journal only by the sync of a folder, or of a later file where entries are ordered', () => {
    const journal = [open(''), sync(''), open('-journal'), write('-journal', 0, 'old'), sync('-journal')] as const;
    const folder = { kind: 'sync-folder' } as const;
    const removed = { kind: 'unlink', file: '-journal' } as const;
    const back = new Disk(calls(...journal, folder, removed));
    expect(textOf(back.filesAfter(LATE, 'ordered', NOTHING), '-journal')).toBe('old');
    const later = new Disk(calls(...journal, folder, removed, write('', 0, 'x'), sync('')));
    expect(textOf(later.filesAfter(LATE, 'ordered', NOTHING), '-journal')).toBeNull();
    expect(textOf(later.filesAfter(LATE, 'strict', NOTHING), '-journal')).toBe('old');
    const synced = new Disk(calls(...journal, folder, removed, folder));
    expect(textOf(synced.filesAfter(LATE, 'strict', NOTHING), '-journal')).toBeNull();
  });

  test('fills what was skipped with zeros, and cuts a file to its length', () => {
    const disk = new Disk(
      calls(open(''), write('', 0, 'abcdef'), { kind: 'truncate', file: '', bytes: 2 }, write('', 4, 'x')),
    );
    expect(textOf(disk.filesAfter(LATE, 'ordered', EVERYTHING), '')).toBe('ab\0\0x');
  });

  test('tears a write between sectors only', () => {
    const disk = new Disk(calls(open(''), write('', 500, 'x'.repeat(24))));
    const second: Choice = { keepsEntry: () => true, keepsSector: (_, __, ___, sector) => sector === 1 };
    const bytes = disk.filesAfter(LATE, 'ordered', second).get('') ?? new Uint8Array();
    expect(Buffer.from(bytes).toString()).toBe('\0'.repeat(512) + 'x'.repeat(12));
  });

  test('holds, whatever is chosen, every synced sector or a later one of the same place', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('write' as const), at: fc.nat(3), value: fc.integer({ min: 1, max: 255 }) }),
      fc.constant({ kind: 'sync' as const }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.nat(), (steps, seed) => {
        const events = calls(
          open(''),
          { kind: 'sync-folder' },
          ...steps.map((each) =>
            each.kind === 'sync'
              ? sync('')
              : ({ kind: 'write', file: '', at: 512 * each.at, bytes: Buffer.alloc(512, each.value) } as const),
          ),
        );
        const lastSync = steps.findLastIndex(({ kind }) => kind === 'sync');
        const disk = new Disk(events);
        for (const choice of choicesFor(seed, disk.pendingAt(LATE, 'strict'))) {
          const bytes = disk.filesAfter(LATE, 'strict', choice).get('') ?? new Uint8Array();
          for (const place of [0, 1, 2, 3]) {
            const values = steps.flatMap((each, n) =>
              each.kind === 'write' && each.at === place ? [{ n, value: each.value }] : [],
            );
            const synced = values.findLast(({ n }) => n < lastSync)?.value ?? 0;
            const later = values.filter(({ n }) => n > lastSync).map(({ value }) => value);
            expect([synced, ...later]).toContain(bytes[512 * place] ?? 0);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('a trace', () => {
  const hex = (text: string) =>
    [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
  const handle = `22<${hex('/d/x.db-wal')}>`;
  const lines = [
    `1795533339.000100 openat(AT_FDCWD<${hex('/d')}>, "${hex('/d/x.db-wal')}", O_RDWR|O_CREAT|O_NOFOLLOW|O_CLOEXEC, 0644) = ${handle} <0.000010>`,
    `1795533339.000200 pwrite64(${handle}, "${hex('abc')}", 3, 32) = 3 <0.000009>`,
    `1795533339.000300 fsync(${handle}) = 0 <0.000400>`,
    `1795533339.000800 openat(AT_FDCWD<${hex('/d')}>, "${hex('/d')}", O_RDONLY|O_CLOEXEC) = 23<${hex('/d')}> <0.000010>`,
    `1795533339.000900 fsync(23<${hex('/d')}>) = 0 <0.000100>`,
    `1795533339.001000 ftruncate(${handle}, 0) = 0 <0.000100>`,
    `1795533339.001200 unlink("${hex('/d/x.db-journal')}") = -1 ENOENT (No such file or directory) <0.000010>`,
    `1795533339.001300 unlink("${hex('/d/x.db-wal')}") = 0 <0.000010>`,
    `1795533339.001400 pwrite64(${handle}, "${hex('z')}", 1, 0 <unfinished ...>`,
    '1795533339.001500 +++ killed by SIGKILL +++',
  ];

  test('gives the calls with their times and what they wrote', () => {
    const events = eventsIn([lines.join('\n')], '/d/x.db');
    expect(events.map(({ kind }) => kind)).toEqual([
      'open',
      'write',
      'sync',
      'open',
      'sync-folder',
      'truncate',
      'unlink',
      'write',
    ]);
    expect(events[1]).toMatchObject({ file: '-wal', at: 32, bytes: Buffer.from('abc') });
    expect(events[2]).toMatchObject({ startUs: 1_795_533_339_000_300, endUs: 1_795_533_339_000_700 });
    // Killed in the middle of it: nobody knows.
    expect(events.at(-1)).toMatchObject({ kind: 'write', endUs: Number.POSITIVE_INFINITY });
  });

  test('of a call that the model does not know is refused', () => {
    const unknown = `1795533339.000100 rename("${hex('/d/x.db')}", "${hex('/d/y')}") = 0 <0.000010>`;
    expect(() => eventsIn([unknown], '/d/x.db')).toThrow(/seen rename/);
    const elsewhere = `1795533339.000100 fsync(22<${hex('/e/z')}>) = 0 <0.000010>`;
    expect(() => eventsIn([elsewhere], '/d/x.db')).toThrow(/seen \/e\/z/);
  });
});

describe('the rows of an image', () => {
  const committed = ['a', 'b', 'c'];
  const judge = (keys: string[], complaints: string[] = []) =>
    verdictOf({ keys, complaints }, committed, new Set(['a', 'b']));

  test.each([
    ['nothing', ['a', 'b'], 0],
    ['nothing', ['a', 'b', 'c'], 0],
    ['the newest', ['a'], 1],
    ['the newest', [], 2],
    ['not a prefix', ['a', 'c'], 1],
    ['not a prefix', ['b', 'a'], 0],
  ] as const)('lost %s with %j', (loss, keys, lost) => {
    expect(judge([...keys])).toMatchObject({ loss, lost });
  });

  test('count for nothing where the file is damaged', () => {
    expect(judge(['a', 'b'], ['*** in database main ***'])).toMatchObject({ loss: 'corrupt' });
  });
});

describe('a promise', () => {
  const row = (...losses: ImageVerdict['loss'][]): Row =>
    rowOf(
      Array.from({ length: 120 }, (_, n) => ({
        loss: losses[n % losses.length] as ImageVerdict['loss'],
        lost: 2,
        said: 's',
        image: 'i',
      })),
      9,
    );
  const cell = (
    journal: 'WAL' | 'DELETE',
    synchronous: 'OFF' | 'NORMAL' | 'FULL',
    powerCut: Row,
    kill = row('nothing'),
  ) => judged({ service: 's', journal, synchronous, kill, powerCut, calls: 1, syncs: 1 });

  test('of FULL refuses the images of NORMAL, which NORMAL itself passes', () => {
    const newest = row('nothing', 'the newest');
    expect(cell('WAL', 'NORMAL', newest).verdict).toBe('pass');
    expect(cell('WAL', 'FULL', newest)).toMatchObject({
      verdict: 'fail',
      why: expect.stringContaining('to take nothing at most'),
    });
  });

  test('of NORMAL refuses the images of OFF, which promises nothing', () => {
    for (const loss of ['not a prefix', 'corrupt'] as const) {
      expect(cell('WAL', 'NORMAL', row('nothing', loss)).verdict).toBe('fail');
      expect(cell('WAL', 'OFF', row('nothing', loss)).verdict).toBe('pass');
    }
  });

  test('holds for a kill whatever the setting', () => {
    for (const { journal, synchronous } of SETTINGS)
      expect(cell(journal, synchronous, row('the newest'), row('nothing', 'the newest')).verdict).toBe('fail');
  });

  test('is not kept by a model that takes nothing from anybody, nor by a few images', () => {
    expect(cell('WAL', 'NORMAL', row('nothing')).verdict).toBe('unknown');
    expect(cell('DELETE', 'OFF', row('nothing')).verdict).toBe('unknown');
    expect(cell('DELETE', 'NORMAL', row('nothing')).verdict).toBe('pass');
    expect(cell('WAL', 'FULL', { ...row('nothing'), images: 3 }).verdict).toBe('unknown');
  });

  test('is ordered from nothing to anything', () => {
    for (const [n, loss] of LOSSES.entries())
      for (const [m, promise] of LOSSES.entries()) expect(keeps({ worst: loss }, promise)).toBe(n <= m);
  });
});

describe('the settings', () => {
  test.each(SERVICES.flatMap(({ definition }) => SETTINGS.map((setting) => ({ name: definition.name, ...setting }))))(
    '$journal $synchronous fits the db module of $name',
    async ({ name, ...setting }) => {
      const changed = await derive({ name, edits: editsFor(name, setting) });
      const [text = ''] = changed.values();
      if (setting.synchronous !== 'NORMAL') expect(text).toContain(`synchronous = ${setting.synchronous}`);
      if (setting.journal === 'DELETE') expect(text).toContain('journal_mode = DELETE');
      expect(changed.size).toBe(setting.synchronous === 'NORMAL' && setting.journal === 'WAL' ? 0 : 1);
    },
  );
});

describe('the stored matrix', () => {
  const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
  const stored = JSON.parse(read('../durability/matrix.json')) as DurabilityDocument;

  test('has every setting of every service, each within its promise', () => {
    expect(stored.cells.map(({ service, journal, synchronous }) => [service, journal, synchronous])).toEqual(
      SERVICES.flatMap(({ definition }) =>
        SETTINGS.map(({ journal, synchronous }) => [definition.name, journal, synchronous]),
      ),
    );
    for (const { journal, synchronous, verdict, promise } of stored.cells)
      expect([verdict, promise]).toEqual(['pass', PROMISES[journal][synchronous]]);
    expect(stored.verdict).toBe('pass');
  });

  test('is what README shows', () => {
    const readme = read('../../README.md');
    expect(withDurability(readme, durabilityTable(stored))).toBe(readme);
  });

  test('needs its place in the document', () => {
    expect(() => withDurability('# no place', 'table')).toThrow(RangeError);
  });
});
