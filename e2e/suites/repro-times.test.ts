/**
 * Goal:   `--times` counts only what held each time, from scratch, and ends with the first that did not.
 * Method: repros that hold, fail or break at a chosen time, on a lab that makes nothing.
 */
import { expect, test } from 'vitest';
import { WalproofError } from '../model/errors.ts';
import type { Repro } from '../model/repro.ts';
import type { OwnedLab } from '../repro/harness/play.ts';
import { playTimes } from '../repro/harness/times.ts';
import { REPROS } from '../repro/index.ts';

type End = 'held' | 'not-reproduced' | 'broken';

/** Ends as told, one time after the other, and counts the labs that were opened for it. */
async function played(times: number, ends: readonly End[]) {
  let labs = 0;
  let time = 0;
  const openLab = () => {
    labs++;
    return { engine: 'process', refusals: [], [Symbol.asyncDispose]: async () => undefined } as unknown as OwnedLab;
  };
  const repro: Repro = {
    ...(REPROS[0] as Repro),
    name: 'fake',
    refusals: [],
    expect: 'busy',
    async play(_lab, side) {
      const end = ends[time] ?? 'held';
      if (side === 'with') time++;
      if (end === 'broken') throw new WalproofError('REPRO_BROKEN', 'no scene', 'look');
      return side === 'without' && end === 'held' ? [{ code: 'busy', message: '', evidence: [] }] : [];
    },
  };
  const said: string[] = [];
  const options = { openLab, signal: new AbortController().signal, say: (line: string) => void said.push(line) };
  const end = await playTimes(repro, times, options).then(
    (result) => ({ result, error: null }),
    (error: unknown) => ({ result: null, error: error as WalproofError }),
  );
  return { ...end, labs, said };
}

const outcomes = ({ result }: Awaited<ReturnType<typeof played>>) => result?.attempts.map(({ outcome }) => outcome);

test('each time has labs of its own, and is an attempt with its outcome', async () => {
  const seen = await played(3, []);
  expect(outcomes(seen)).toEqual(['held', 'held', 'held']);
  expect(seen.result).toMatchObject({ outcome: 'held', reproduced: true, fixed: true });
  expect(seen.labs).toBe(6);
  expect(seen.said).toContain('fake: 3 of 3');
});

test('the first that does not hold is the last, and the result', async () => {
  const seen = await played(5, ['held', 'not-reproduced']);
  expect(outcomes(seen)).toEqual(['held', 'not-reproduced']);
  expect(seen.result).toMatchObject({ outcome: 'not-reproduced', reproduced: false });
  expect(seen.labs).toBe(4);
});

test('a scene that breaks says at which time', async () => {
  const { error } = await played(5, ['held', 'held', 'broken']);
  expect(error).toMatchObject({
    code: 'REPRO_BROKEN',
    message: expect.stringMatching(/^3 of 5: .*no scene/),
  });
});

test('once is not numbered', async () => {
  const seen = await played(1, []);
  expect(outcomes(seen)).toEqual(['held']);
  expect(seen.said.join()).not.toContain('1 of 1');
  expect((await played(1, ['broken'])).error?.message).toMatch(/^no scene/);
});
