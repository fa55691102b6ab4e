/**
 * Goal:   only exactly the named finding without the fix, in the words promised, and none with it, counts as held.
 * Method: fake repros on a fake lab; each way to fail once, and the same repro with what was wrong put right.
 */
import { describe, expect, test } from 'vitest';
import type { Refusal } from '../model/actor.ts';
import { EXIT, WalproofError } from '../model/errors.ts';
import type { Lab, Repro, ReproFinding, ReproFindingCode, SideName } from '../model/repro.ts';
import { exitCodeOf } from '../repro/harness/judge.ts';
import { type OwnedLab, play } from '../repro/harness/play.ts';

const LOCKED: Refusal = {
  process: 'b',
  code: 'SQLITE_BUSY',
  message: 'database is locked',
  elapsedMs: 1,
  sql: 'INSERT',
};

const finding = (code: ReproFindingCode): ReproFinding => ({ code, message: 'expected this, saw that', evidence: [] });

interface Fake {
  without?: ReproFindingCode[];
  with?: ReproFindingCode[];
  /** What is refused without the fix. */
  refused?: Refusal[];
  elapsed?: Repro['elapsed'];
  plays?: (lab: Lab, side: SideName) => Promise<ReproFinding[]>;
}

function fakeRepro({ without = ['busy'], with: fixed = [], elapsed = 'at once', plays }: Fake): Repro {
  return {
    name: 'fake',
    title: '',
    operatorSees: '',
    refusals: [{ code: 'SQLITE_BUSY', message: 'database is locked' }],
    codes: ['SQLITE_BUSY'],
    elapsed,
    sources: [],
    mechanism: '',
    seedPatch: 'no-effect',
    seedPatchBecause: '',
    fix: '',
    playedBy: 'processes',
    cast: '',
    engines: ['process'],
    expect: 'busy',
    seconds: 0,
    play: plays ?? (async (_lab, side) => (side === 'without' ? without : fixed).map(finding)),
  };
}

/** A lab that makes nothing and counts how often it was ended. */
function fakeLab(refused: readonly Refusal[]) {
  let ended = 0;
  const nothing = () => Promise.reject(new Error('a fake lab makes nothing'));
  const lab: OwnedLab = {
    engine: 'process',
    refusals: refused,
    site: nothing,
    stack: nothing,
    beside: () => {
      throw new Error('a fake lab makes nothing');
    },
    folder: nothing,
    until: nothing,
    lasting: nothing,
    require: () => undefined,
    howToLook: () => [],
    saveTo: async () => undefined,
    async [Symbol.asyncDispose]() {
      ended++;
    },
  };
  return { lab, ended: () => ended };
}

async function playFake(fake: Fake, signal = new AbortController().signal) {
  const labs: ReturnType<typeof fakeLab>[] = [];
  const openLab = () => {
    const made = fakeLab(fake.refused ?? [LOCKED]);
    labs.push(made);
    return made.lab;
  };
  const result = play(fakeRepro(fake), { openLab, signal, say: () => undefined });
  const settled = await result.then(
    (value) => ({ value, error: null }),
    (error: unknown) => ({ value: null, error: error as WalproofError }),
  );
  // Whatever happened, nothing stays up.
  for (const { ended } of labs) expect(ended()).toBeGreaterThan(0);
  return { ...settled, labs: labs.length };
}

describe('what a repro comes to', () => {
  test.each<[string, Fake, string, number, RegExp | null]>([
    ['the named finding without the fix and none with it', {}, 'held', EXIT.pass, null],
    ['nothing without the fix', { without: [] }, 'not-reproduced', EXIT.fail, /expected busy, found nothing/],
    ['the named finding with the fix as well', { with: ['busy'] }, 'not-fixed', EXIT.fail, /appeared all the same/],
    [
      'another finding without the fix',
      { without: ['corrupt'] },
      'other-failure',
      EXIT.internal,
      /expected only busy, found corrupt/,
    ],
    [
      'another finding beside the named one',
      { without: ['busy', 'corrupt'] },
      'other-failure',
      EXIT.internal,
      /found busy .*, corrupt/,
    ],
    ['another finding with the fix', { with: ['corrupt'] }, 'other-failure', EXIT.internal, /expected no finding/],
    [
      'the finding, but nobody saw the words',
      { refused: [] },
      'other-failure',
      EXIT.internal,
      /"database is locked" \(SQLITE_BUSY\) at once, saw no refusal/,
    ],
    [
      'the words with another code',
      { refused: [{ ...LOCKED, code: 'SQLITE_BUSY_SNAPSHOT' }] },
      'other-failure',
      EXIT.internal,
      /saw database is locked \(SQLITE_BUSY_SNAPSHOT\)/,
    ],
    [
      'a refusal after a wait that should come at once',
      { refused: [{ ...LOCKED, elapsedMs: 5_000 }] },
      'other-failure',
      EXIT.internal,
      /after 5000 ms/,
    ],
    [
      'a refusal at once that should come after the timeout',
      { elapsed: 'after the timeout' },
      'other-failure',
      EXIT.internal,
      /after the timeout, saw .* after 1 ms/,
    ],
  ])('%s', async (_name, fake, outcome, exitCode, reason) => {
    const { value } = await playFake(fake);
    expect(value?.outcome).toBe(outcome);
    expect(exitCodeOf(value?.outcome ?? 'held')).toBe(exitCode);
    if (reason === null) expect(value?.reason).toBeNull();
    else expect(value?.reason).toMatch(reason);
  });

  test('verdicts and findings of both sides are told', async () => {
    const { value } = await playFake({});
    expect(value).toMatchObject({
      name: 'fake',
      engine: 'process',
      without: { verdict: 'fail', findings: [{ code: 'busy' }] },
      with: { verdict: 'pass', findings: [] },
      reproduced: true,
      fixed: true,
    });
  });
});

describe('what a scenario throws is no finding', () => {
  test('an error without a code is REPRO_BROKEN, 70, and says which side', async () => {
    const { error, labs } = await playFake({ plays: () => Promise.reject(new Error('no such scene')) });
    expect(error).toMatchObject({ code: 'REPRO_BROKEN', exitCode: EXIT.internal });
    expect(error?.message).toMatch(/fake, without the fix: .*no such scene/);
    expect(labs).toBe(1);
  });

  test('a service that does not start is REPRO_BROKEN as well, and shows its lines', async () => {
    const notStarted = new WalproofError('SERVICE_NOT_STARTED', 'it ended', 'read', { details: ['its last line'] });
    const plays = async (_lab: Lab, side: SideName) => {
      if (side === 'without') return [finding('busy')];
      throw notStarted;
    };
    const { error } = await playFake({ plays });
    expect(error).toMatchObject({ code: 'REPRO_BROKEN', details: ['its last line'] });
    expect(error?.message).toMatch(/with the fix/);
  });

  test('a missing engine keeps its code and its exit status', async () => {
    const missing = new WalproofError('ENGINE_UNAVAILABLE', 'no daemon', 'start it');
    const { error } = await playFake({ plays: () => Promise.reject(missing) });
    expect(error).toBe(missing);
  });

  test('an interruption ends the side in hand and is what is reported', async () => {
    const interrupted = new AbortController();
    const plays = () => {
      interrupted.abort(new WalproofError('INTERRUPTED', 'interrupted by SIGINT', 'again'));
      return Promise.reject(new Error('the actor is gone'));
    };
    const { error, labs } = await playFake({ plays }, interrupted.signal);
    expect(error).toMatchObject({ code: 'INTERRUPTED', exitCode: 130 });
    expect(labs).toBe(1);
  });
});
