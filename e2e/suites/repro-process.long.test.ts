/**
 * Goal:   every bug that the process engine can play appears without its fix, in the words promised, and is gone with it.
 * Method: each played once on real processes; then one with its fix taken away, and one that breaks for another reason.
 */
import { describe, expect, test } from 'vitest';
import { createProcessEngine } from '../engine/process/engine.ts';
import { EngineLab } from '../lab.ts';
import type { Repro } from '../model/repro.ts';
import { play } from '../repro/harness/play.ts';
import { REPROS } from '../repro/index.ts';

const engine = createProcessEngine();
const signal = new AbortController().signal;
const played = (repro: Repro) => play(repro, { openLab: () => new EngineLab(engine), signal, say: () => undefined });

describe('on the process engine', () => {
  test.each(REPROS.filter(({ engines }) => engines.includes('process')))('$name', async (repro) => {
    const { outcome, reason } = await played(repro);
    expect({ outcome, reason }).toEqual({ outcome: 'held', reason: null });
  });

  const upgrade = REPROS.find(({ name }) => name === 'upgrade-busy-snapshot') as Repro;

  test('a fix that is taken away is not-fixed', async () => {
    const unfixed: Repro = { ...upgrade, play: (lab) => upgrade.play(lab, 'without') };
    expect(await played(unfixed)).toMatchObject({ outcome: 'not-fixed', reproduced: true, fixed: false });
  });

  test('a bug that is not there is not-reproduced', async () => {
    const harmless: Repro = { ...upgrade, play: (lab) => upgrade.play(lab, 'with') };
    expect(await played(harmless)).toMatchObject({ outcome: 'not-reproduced', reproduced: false, fixed: true });
  });

  test('a scene that cannot be set is REPRO_BROKEN, and shows what was refused', async () => {
    const broken: Repro = {
      ...upgrade,
      async play(lab) {
        const actor = await (await lab.site()).actor('a');
        await actor.open();
        await actor.exec('SELECT * FROM nowhere');
        return [];
      },
    };
    await expect(played(broken)).rejects.toMatchObject({
      code: 'REPRO_BROKEN',
      message: expect.stringMatching(/a: expected SELECT \* FROM nowhere to succeed, but saw: no such table: nowhere/),
    });
  });
});
