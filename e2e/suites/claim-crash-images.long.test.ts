/**
 * Claim:  whatever a power cut leaves, SQLite recovers it to an intact database with a prefix of the commits.
 * Method: each service under traffic, copied while its processes are frozen; every crash image of each copy. The same on sources
 *         that commit a document and its text apart, and on some that never sync.
 * Red as: not-a-prefix, corrupt, fts-inconsistent. Not claimed: power that is really cut.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runArm } from '../arm.ts';
import { crashImages } from '../check/crash-images.ts';
import { newRunId } from '../engine/shared/run-id.ts';
import { holdReader } from '../faults/hold-reader.ts';
import { inTurn } from '../faults/schedule.ts';
import { type Evidence, observationsOf } from '../model/evidence.ts';
import type { FaultStep } from '../model/scenario.ts';
import type { Engine } from '../model/stack.ts';
import { derive, writeOut } from '../mutants/derive.ts';
import { mutantsNamed } from '../mutants/index.ts';
import { ENGINES, EVERYWHERE, serviceNamed } from './claims.ts';
import { codesOf } from './evidence-builder.ts';

async function evidenceOf(
  engine: Engine,
  service: string,
  mutant?: string,
  faults: readonly FaultStep[] = [],
): Promise<{ evidence: Evidence; folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'walproof-claim-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const under = serviceNamed(service);
  await engine.prepare([under.definition], () => undefined);
  const [changed] = mutant === undefined ? [] : mutantsNamed([service], [mutant]);
  await using written = await writeOut(changed === undefined ? new Map() : await derive(changed));
  const { overlay } = written;
  const evidence = await runArm({
    arm: 'subject',
    service: under,
    engine: {
      ...engine,
      createStack: (options) => engine.createStack(overlay.size === 0 ? options : { ...options, overlay }),
    },
    runId: newRunId(),
    variant: mutant ?? 'patched',
    dbModule: null,
    traffic: { seed: 1, clients: 4, ratePerSecond: 400 },
    durationMs: 4_000,
    calmMs: 0,
    faults,
    demands: {
      okOps: 0,
      okOpsAroundFault: 0,
      faults: [],
      control: false,
      controlResult: null,
      crashImages: { least: 100 },
    },
    sink: {
      op: () => undefined,
      observation: () => undefined,
      log: () => undefined,
      databaseFolder: async () => folder,
    },
    startedAt: performance.now(),
    signal: new AbortController().signal,
    onStage: () => undefined,
  });
  return { evidence, folder };
}

describe('crash images', () => {
  test.each(EVERYWHERE)('of $where are all recovered to a prefix', async ({ engine, service }) => {
    const { evidence } = await evidenceOf(engine, service.definition.name);
    const { verdict, findings } = crashImages.check(evidence);
    expect([verdict, findings]).toEqual(['pass', []]);
  });

  test('show a document that is committed before its text, and keep the smallest', async () => {
    const [engine] = ENGINES;
    const { evidence, folder } = await evidenceOf(engine as Engine, 'oracle-v2', 'document-and-text-apart');
    expect(codesOf(crashImages.check(evidence))).toContain('fts-inconsistent');
    const kept = observationsOf(evidence, 'crash-images').flatMap(({ failed }) =>
      failed.flatMap(({ keptIn }) => keptIn ?? []),
    );
    expect(kept).toContain('crash-fts-inconsistent');
    expect((await stat(join(folder, 'crash-fts-inconsistent', 'oracle.db'))).size).toBeGreaterThan(0);
  });

  test('show a service that never syncs', async () => {
    const [engine] = ENGINES;
    // Behind a reader a checkpoint stays halfway, so that a copy finds the database ahead of what the -wal may lose.
    const { evidence } = await evidenceOf(engine as Engine, 'nanoclaw', 'synchronous-off', [inTurn(holdReader)]);
    const codes = codesOf(crashImages.check(evidence));
    expect(codes.filter((code) => code === 'corrupt' || code === 'not-a-prefix').length).toBeGreaterThan(0);
  });
});
