/**
 * Goal:   the bugs of the container boundary appear without their fix and are gone with it.
 * Method: each played once in real containers with real mounts; besides them one that both engines can play.
 */
import { beforeAll, expect, test } from 'vitest';
import { heldBy } from '../engine/docker/cleanup.ts';
import { createDockerEngine } from '../engine/docker/engine.ts';
import { newRunId } from '../engine/shared/run-id.ts';
import { EngineLab } from '../lab.ts';
import { play } from '../repro/harness/play.ts';
import { REPROS } from '../repro/index.ts';
import { SERVICES } from '../services/index.ts';

const engine = createDockerEngine();
const BOTH = 'frozen-lock-holder';

beforeAll(() =>
  engine.prepare(
    SERVICES.map(({ definition }) => definition),
    () => undefined,
  ),
);

test.each(REPROS.filter(({ name, engines }) => !engines.includes('process') || name === BOTH))(
  '$name',
  async (repro) => {
    const runIds: string[] = [];
    const openLab = () => {
      const runId = newRunId();
      runIds.push(runId);
      return new EngineLab(engine, runId);
    };
    const { outcome, reason } = await play(repro, {
      openLab,
      signal: new AbortController().signal,
      say: () => undefined,
    });
    expect({ outcome, reason }).toEqual({ outcome: 'held', reason: null });
    for (const runId of runIds) expect(await heldBy(runId)).toEqual([]);
  },
);
