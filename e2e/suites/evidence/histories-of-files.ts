/** Red and green histories of the codes that speak of the files and of the library that writes them. */
import { engineGate } from '../../check/engine-gate.ts';
import { walBounded } from '../../check/wal-bounded.ts';
import { walGeneration } from '../../check/wal-generation.ts';
import type { FindingCode } from '../../model/verdict.ts';
import type { RedAndGreen } from '../evidence-builder.ts';
import { goodRun } from './good-run.ts';
import type { History } from './history.ts';

/** Samples twice a second, each with so many frames more than the one before, and none checkpointed beyond the first. */
function growing(run: History, fromMs: number, untilMs: number, framesEach: number, checkpointed = 10): History {
  for (let atMs = fromMs, frames = 1_500; atMs <= untilMs; atMs += 500, frames += framesEach)
    run.at(atMs).sampled({ frames, checkpointed });
  return run;
}

export const FILE_HISTORIES = {
  'wal-deleted-under-writer': {
    checker: walGeneration,
    story: 'somebody removed -wal while the agent had it open',
    red: () => goodRun().holds('agent', { db: 11, '-wal': 12, '-shm': 13 }, ['-wal']),
    green: () =>
      // Both closed cleanly, so the last one deleted it, and the next start made another.
      goodRun()
        .at(1_200)
        .started('host')
        .holds('host', { db: 11, '-wal': 22, '-shm': 23 })
        .sampled({}, { db: 11, '-wal': 22, '-shm': 23 })
        .holds('host', { db: 11, '-wal': 22, '-shm': 23 }),
  },
  'wal-header-invalid': {
    checker: walGeneration,
    story: 'the -wal beside the database belongs to another generation than its index',
    red: () => goodRun().walHeader({ salts: ['11111111', '22222222'], checkpointSequence: 1 }),
    green: () =>
      goodRun().walHeader(
        { salts: ['00c0ffef', '33333333'], checkpointSequence: 1 },
        { salts: ['00c0ffef', '33333333'] },
      ),
  },
  'wal-unbounded': {
    checker: walBounded,
    story: 'nobody checkpoints, so the WAL holds 40 MB of live frames',
    red: () => goodRun().at(500).sampled({ frames: 10_000, checkpointed: 0 }),
    green: () => goodRun().fault('hold-reader', 'notes', 480, 520).at(500).sampled({ frames: 10_000, checkpointed: 0 }),
  },
  'checkpoint-starved': {
    checker: walBounded,
    story: 'a pinned reader keeps checkpoints from going on for six seconds of commits',
    red: () => growing(goodRun(), 2_000, 8_000, 10),
    green: () => growing(goodRun(), 2_000, 8_000, 0),
  },
  'sqlite-wal-reset-bug': {
    checker: engineGate,
    story: 'the services carry the SQLite of better-sqlite3 11.10.0',
    red: () =>
      goodRun()
        .but('attestation', ({ attestation }) => ({ attestation: { ...attestation, sqliteVersion: '3.49.2' } }))
        .but('probe', () => ({ sqliteVersion: '3.49.2' })),
    green: () =>
      goodRun()
        .but('attestation', ({ attestation }) => ({ attestation: { ...attestation, sqliteVersion: '3.50.7' } }))
        .but('probe', () => ({ sqliteVersion: '3.50.7' })),
  },
  'mixed-sqlite-versions': {
    checker: engineGate,
    story: 'the agent was built with another SQLite than the host',
    red: () => goodRun().attested('agent', { connection: 2, sqliteVersion: '3.53.4', sqliteSourceId: '2026-04-01' }),
    green: () => goodRun().attested('agent', { file: '/data/cache.db', sqliteVersion: '3.53.4' }),
  },
} satisfies Partial<Record<FindingCode, RedAndGreen>>;
