/**
 * Goal:   the verdict of `walproof up` counts what was seen, once, and holds nothing against the services that was done by hand.
 * Method: made-up looks at an observer, with restarts of whatever counts in between.
 */
import { expect, test } from 'vitest';
import { Ledger } from '../commands/live/ledger.ts';
import { verdictSoFar, verdictText } from '../commands/live/verdict.ts';
import type { ConnectionNow, Now, ProcessNow } from '../dashboard/state.ts';

const GOOD: ConnectionNow = {
  connection: 1,
  pid: 7,
  readonly: false,
  journalMode: 'wal',
  busyTimeoutMs: 30_000,
  synchronous: 1,
  cacheSize: -20_000,
  foreignKeys: true,
  sqliteVersion: '3.54.1',
  driver: 'better-sqlite3',
  drift: [],
};
const DRIFTED = { ...GOOD, drift: [{ pragma: 'busy_timeout', expected: '30000', seen: '0' }] };

function looked(process: Partial<ProcessNow>, ok = 500, observer = 'first', nowMs = 1_000): Now {
  const full: ProcessNow = {
    name: 'oracle',
    state: 'up',
    sinceMs: 0,
    seen: 'HTTP 200',
    answeredAtMs: 0,
    metricsAtMs: 0,
    startedAtMs: 0,
    restarts: 0,
    stallMs: 0,
    connections: [GOOD],
    sqliteErrors: {},
    ...process,
  };
  const wal = { dbBytes: 1, walBytes: 1, shmBytes: 1, frames: 1, backlog: 0, backlogBytes: 0, problem: null };
  const rates = { okPerSecond: 1, refusedPerSecond: 0, p50Ms: 1, p99Ms: 1, stallMs: 0 };
  return {
    observer,
    observerStartedAtMs: 0,
    nowMs,
    services: [
      { name: 'oracle-v2', title: 'Oracle', processes: [full], wal, sqliteErrors: full.sqliteErrors, ...rates },
    ],
    traffic: { state: 'on', seed: 1, services: [{ service: 'oracle-v2', ok, fail: 0, info: 0, errors: {} }] },
  };
}

function verdictAfter(...looks: Now[]) {
  const ledger = new Ledger();
  for (const now of looks) ledger.take(now);
  const { verdict, checks } = verdictSoFar(ledger.totals);
  return { verdict, codes: checks.flatMap(({ findings }) => findings.map(({ code }) => code)), totals: ledger.totals };
}

test('enough acknowledged and nothing wrong is a pass', () => {
  expect(verdictAfter(looked({}), looked({}, 700))).toMatchObject({ verdict: 'pass', codes: [] });
});

test('no look, or too little traffic, is unknown', () => {
  expect(verdictAfter().verdict).toBe('unknown');
  expect(verdictAfter(looked({}, 5))).toMatchObject({ verdict: 'unknown', codes: ['not-exercised'] });
});

test('a refusal is a finding by its code; what was refused before does not count', () => {
  expect(verdictAfter(looked({ sqliteErrors: { SQLITE_BUSY: 9 } })).codes).toEqual([]);
  const seen = verdictAfter(
    looked({ sqliteErrors: { SQLITE_BUSY: 9 } }),
    looked({ sqliteErrors: { SQLITE_BUSY: 11, SQLITE_BUSY_SNAPSHOT: 1 } }),
  );
  expect(seen).toMatchObject({ verdict: 'fail', codes: ['busy', 'busy-snapshot'] });
  expect(seen.totals.sqliteErrors).toEqual({ SQLITE_BUSY: 2, SQLITE_BUSY_SNAPSHOT: 1 });
});

test('a restart of the observer or of the traffic loses no count and counts none twice', () => {
  const { totals } = verdictAfter(
    looked({ sqliteErrors: {} }, 100),
    looked({ sqliteErrors: { SQLITE_BUSY: 4 } }, 300),
    looked({ sqliteErrors: { SQLITE_BUSY: 1 } }, 310, 'second'),
    looked({ sqliteErrors: { SQLITE_BUSY: 1 } }, 20, 'second'),
  );
  expect(totals.sqliteErrors).toEqual({ SQLITE_BUSY: 5 });
  expect(totals.acknowledged).toBe(330);
});

test('a restart and a process that is down are findings, unless they were asked for', () => {
  expect(verdictAfter(looked({}), looked({ restarts: 1 })).codes).toEqual(['service-not-started']);
  // Also when it has come back since.
  expect(verdictAfter(looked({}), looked({ state: 'down' }), looked({})).codes).toEqual(['service-not-started']);
  // Also when it was restarted by hand before anything looked.
  const mended = new Ledger();
  mended.take(looked({}));
  mended.asked(['oracle'], ['oracle']);
  mended.take(looked({ restarts: 1 }));
  expect(verdictSoFar(mended.totals).verdict).toBe('fail');
  // What was killed by hand is down because it was asked for.
  const killed = new Ledger();
  killed.take(looked({}));
  killed.asked(['oracle']);
  killed.asked(['oracle'], ['oracle']);
  killed.take(looked({ restarts: 1 }));
  expect(verdictSoFar(killed.totals).verdict).toBe('pass');
  const ledger = new Ledger();
  ledger.take(looked({}));
  ledger.asked(['oracle']);
  ledger.take(looked({ state: 'down' }));
  ledger.take(looked({ restarts: 1 }));
  expect(verdictSoFar(ledger.totals).verdict).toBe('pass');
  ledger.take(looked({ restarts: 2 }));
  expect(ledger.totals.restarts).toEqual({ asked: 1, unasked: 1 });
  expect(verdictSoFar(ledger.totals).verdict).toBe('fail');
});

test('drift is a finding, also when it is over; under a variant that was put in place it is not', () => {
  expect(verdictAfter(looked({ connections: [DRIFTED] }), looked({}))).toMatchObject({
    verdict: 'fail',
    codes: ['pragma-drift'],
  });
  const ledger = new Ledger();
  ledger.take(looked({}));
  ledger.setAside('oracle-v2');
  ledger.take(looked({ connections: [DRIFTED], sqliteErrors: { SQLITE_BUSY: 40 } }, 500, 'first', 2_000));
  ledger.judgeAgain('oracle-v2', 3_000);
  ledger.take(looked({ connections: [DRIFTED], sqliteErrors: { SQLITE_BUSY: 40 } }, 500, 'first', 4_000));
  expect(ledger.totals).toMatchObject({ drift: [], sqliteErrors: {}, sqliteErrorsAside: { SQLITE_BUSY: 40 } });
  const live = verdictSoFar(ledger.totals);
  expect(live.verdict).toBe('pass');
  expect(verdictText(live, ledger.totals)).toContain('seen under a variant, not judged (40 × SQLITE_BUSY)');
  ledger.take(looked({ connections: [DRIFTED] }, 500, 'first', 9_000));
  expect(verdictSoFar(ledger.totals).verdict).toBe('fail');
});
