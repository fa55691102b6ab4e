/**
 * Goal:   a finding about a wait names who was in the way, and samples of locks never change a verdict.
 * Method: histories with synthetic samples, the same with and without them.
 */
import { describe, expect, it } from 'vitest';
import type { Blame } from '../check/blame.ts';
import { liveness } from '../check/liveness.ts';
import { noBusy } from '../check/no-busy.ts';
import { walBounded } from '../check/wal-bounded.ts';
import type { Checker } from '../model/evidence.ts';
import type { LockHeld } from '../model/observation.ts';
import { check, goodRun, type History } from './evidence-builder.ts';

const looked = (told: History, unseen: string | null = null) =>
  told.observe({
    kind: 'locks-sampled',
    atMs: 0,
    endedAtMs: 900,
    samples: 18,
    periodMs: 50,
    cpuMs: 4,
    dropped: 0,
    unseen,
  });

function held(
  told: History,
  process: string | null,
  fromMs: number,
  untilMs: number,
  more: Partial<LockHeld> = {},
): History {
  const lock = { lock: 'WRITE', mode: 'exclusive', pid: 77, command: 'node db.ts', samples: 3, ...more } as const;
  return told.observe({ kind: 'lock-held', process, atMs: fromMs, untilMs, ...lock });
}

/** `host` waited from 420 to 580 ms and was refused. */
const refused = () => goodRun().at(580).sqliteError('host', 'SQLITE_BUSY', { elapsedMs: 160 });
const frozen = () => goodRun().at(420).stalled('host', 1_200);
/** Checkpoints make no progress from 2 s to 8 s. */
function starved(): History {
  const told = goodRun();
  for (let n = 0; n <= 12; n++) told.at(2_000 + 500 * n).sampled({ frames: 1_500 + n, checkpointed: 0 });
  return told;
}

const CASES: [string, Checker, () => History, Partial<LockHeld>, number, number][] = [
  ['a refusal', noBusy, refused, {}, 400, 590],
  ['a standstill of a second', liveness, frozen, {}, 400, 1_500],
  ['a checkpoint without progress', walBounded, starved, { lock: 'READ2', mode: 'shared' }, 1_900, 8_000],
];

describe.each(CASES)('%s', (_name, checker, story, lock, fromMs, untilMs) => {
  const first = (told: History) => check(checker, told).findings[0];

  it('names the holder in message and evidence', () => {
    const finding = first(looked(held(story(), 'agent', fromMs, untilMs, lock)));
    expect(finding?.message).toContain(
      `In the way: agent (pid 77) had ${lock.lock ?? 'WRITE'}, seen from ${fromMs} to ${untilMs} ms`,
    );
    expect(finding?.evidence.at(-1)).toMatchObject({
      kind: 'blame',
      holders: [{ process: 'agent', pid: 77, seenFromMs: fromMs }],
    });
  });

  it.each([
    ['nobody looked', (told: History) => held(told, 'agent', fromMs, untilMs, lock)],
    ['the table could not be seen', (told: History) => looked(held(told, 'agent', fromMs, untilMs, lock), 'elsewhere')],
    ['nobody held one then', (told: History) => looked(held(told, 'agent', 10, 20, lock))],
    [
      'it is a lock that excludes nobody',
      (told: History) => looked(held(told, 'agent', fromMs, untilMs, { lock: 'DMS' })),
    ],
  ])('names nobody when %s, and fails all the same', (_when, tell) => {
    const bare = check(checker, story());
    const result = check(checker, tell(story()));
    expect(result.verdict).toBe('fail');
    expect(result.findings).toEqual(bare.findings);
  });
});

describe('whoever is named', () => {
  const blameOf = (told: History) => check(noBusy, looked(told)).findings[0]?.evidence.at(-1) as Blame;

  it('is not the one that waited', () => {
    expect(blameOf(held(refused(), 'host', 400, 590)).kind).toBe('sqlite-error');
  });

  it('is the longest in the way first, and two at most', () => {
    const told = held(held(held(refused(), 'agent', 560, 590), 'other', 400, 590), null, 570, 575);
    expect(blameOf(told).holders.map(({ process }) => process)).toEqual(['other', 'agent']);
  });

  it('says what it did, on which connection, by its own log', () => {
    const told = held(refused(), 'agent', 400, 590);
    told.observe({
      kind: 'long-transaction',
      process: 'agent',
      connection: 2,
      elapsedMs: 200,
      statements: 3,
      sql: 'UPDATE t SET x = 1',
      atMs: 595,
    });
    expect(blameOf(told).holders).toMatchObject([{ connection: 2, doing: 'UPDATE t SET x = 1' }]);
    expect(check(noBusy, looked(told)).findings[0]?.message).toContain('connection 2) had WRITE');
  });

  it('is the fault, where walproof itself held the lock', () => {
    const told = held(refused().fault('hold-write-lock', 'notes', 410, 600), "walproof's hold-write-lock", 420, 590);
    expect(blameOf(told).holders).toMatchObject([{ fault: 'hold-write-lock' }]);
  });

  it('is a stranger by its command line', () => {
    expect(blameOf(held(refused(), null, 400, 590)).holders).toMatchObject([{ process: 'node db.ts' }]);
  });
});

it('a long wait that ended well is a pass, with a name', () => {
  const told = looked(held(goodRun().at(2_000).slowStatement('host', 1_500), 'agent', 600, 1_900));
  const result = check(noBusy, told);
  expect(result.verdict).toBe('pass');
  expect(result.details?.['longestWait']).toMatchObject({ blame: { holders: [{ process: 'agent' }] } });
});

it('samples alone leave every check as it is', () => {
  for (const checker of [noBusy, liveness, walBounded])
    expect(check(checker, looked(held(goodRun(), 'agent', 100, 800)))).toEqual(check(checker, goodRun()));
});
