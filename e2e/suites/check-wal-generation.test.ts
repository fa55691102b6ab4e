import { describe, expect, it } from 'vitest';
import { walGeneration } from '../check/wal-generation.ts';
import type { WalHeader, WalIndex } from '../model/observation.ts';
import { check, codesOf, goodRun, type History } from './evidence-builder.ts';

const OURS = { db: 11, '-wal': 12, '-shm': 13 };
const OTHERS = { db: 11, '-wal': 22, '-shm': 13 };

const judged = (told: History) => check(walGeneration, told);

describe('the files that processes hold', () => {
  it.each(['db', '-wal', '-shm'] as const)('fails when %s was removed under a process', (file) => {
    const [finding] = judged(goodRun().holds('host', OURS, [file])).findings;
    expect(finding?.code).toBe('wal-deleted-under-writer');
    expect(finding?.message).toContain('(host)');
  });

  it('fails when the path names another file than the one held before and after', () => {
    const told = goodRun().at(2_000).holds('host', OURS).sampled({}, OTHERS).holds('host', OURS);
    expect(codesOf(judged(told))).toEqual(['wal-deleted-under-writer']);
  });

  it('fails when the path names no file at all meanwhile', () => {
    const told = goodRun().at(2_000).holds('host', OURS).sampled({}, { db: 11, '-shm': 13 }).holds('host', OURS);
    expect(codesOf(judged(told))).toEqual(['wal-deleted-under-writer']);
  });

  it('fails when two processes hold two files of one name at a time', () => {
    const told = goodRun().at(2_000).holds('host', OURS).holds('agent', OTHERS).holds('host', OURS);
    expect(codesOf(judged(told))).toEqual(['wal-deleted-under-writer']);
  });

  it.each([
    ['a look after the last report', (run: History) => run.holds('host', OURS).sampled({}, OTHERS)],
    [
      'a look between two starts',
      (run: History) => run.holds('host', OURS).sampled({}, OTHERS).started('host').holds('host', OTHERS),
    ],
    [
      'a look that may have been made before or after',
      (run: History) =>
        run
          .holds('host', OURS)
          .sampled({}, OTHERS)
          .but('wal-sample', ({ inodes }) => ({
            tookMs: inodes['-wal'] === 22 ? 50 : 0,
          }))
          .holds('host', OURS),
    ],
    ['no connection open', (run: History) => run.holds('host', {}).sampled({}, {}).holds('host', {})],
  ])('is not sure with %s', (_, tell) => {
    expect(judged(tell(goodRun().at(2_000))).verdict).toBe('pass');
  });
});

describe('the header of the -wal', () => {
  const invalid = (header: Partial<WalHeader>, index: Partial<WalIndex> = {}) =>
    judged(goodRun().walHeader(header, index));

  it.each([
    [{ magic: 0x53514c69 }, 'magic 0x53514c69'],
    [{ formatVersion: 3_007_001 }, 'format 3007001'],
    [{ pageSize: 1_024 }, 'page size 1024 beside 4096 of the database'],
    [{ checksumHolds: false }, 'a checksum that does not hold'],
    [{ salts: ['00000001', '00000002'] }, 'salts 00000001 00000002 beside 00c0ffee 0badcafe of the index'],
  ] satisfies [Partial<WalHeader>, string][])('fails with %j', (header, said) => {
    const result = invalid(header);
    expect(codesOf(result)).toEqual(['wal-header-invalid']);
    expect(result.findings[0]?.message).toContain(`seen in 1 of 2 copies ${said}`);
  });

  it('may differ from an index that counts no frame of it yet', () => {
    expect(invalid({ salts: ['00000001', '00000002'] }, { frames: 0, checkpointed: 0 }).verdict).toBe('pass');
  });

  it('takes both byte orders of checksums, and a sequence that goes back with another writer', () => {
    expect(judged(goodRun().walHeader({ magic: 0x377f0683, checkpointSequence: 7 }).walHeader()).verdict).toBe('pass');
  });

  it('fails when frames are counted in a file that has no header', () => {
    const result = judged(
      goodRun()
        .walHeader()
        .but('wal-header', () => ({ header: null })),
    );
    expect(codesOf(result)).toEqual(['wal-header-invalid', 'not-exercised']);
  });
});

it.each([
  ['no report of open files', (run: History) => run.without('open-files')],
  [
    'a process that never reported a -wal',
    (run: History) => run.without('open-files', ({ process }) => process === 'agent'),
  ],
  ['no look at the path', (run: History) => run.without('wal-sample')],
  ['no copy of a -wal', (run: History) => run.without('wal-header')],
])('is unknown with %s', (_, change) => {
  const result = judged(change(goodRun()));
  expect([result.verdict, codesOf(result)]).toEqual(['unknown', ['not-exercised']]);
});
