import { kill } from '../faults/kill.ts';
import { restart } from '../faults/restart.ts';
import { inTurn } from '../faults/schedule.ts';
import type { Scenario } from '../model/scenario.ts';
import { SERVICES } from '../services/index.ts';

/**
 * Claim:  with its patched db module a service keeps working and loses nothing it acknowledged, while several processes
 *         write one database file and each of them is restarted and killed.
 * Method: all processes start at once on a fresh file; clients write and read; each process is restarted gracefully, then
 *         each is killed, then all are killed at once; after the recovery one read returns everything stored. The same
 *         traffic and seed first ran on the unpatched variant, which must be refused at least once.
 * Red as: busy, lost-write, journal-mode-not-wal, pragma-drift, sidecar-missing, corrupt, and the other finding codes.
 *         Not claimed: power loss (the page cache outlives a killed process), filesystems that span two kernels.
 */
export const VERIFY: Scenario = {
  name: 'verify',
  claim: 'the patched service stays in WAL mode, is never refused a lock, and loses nothing it acknowledged',
  services: SERVICES,
  sideBySide: false,
  traffic: { seed: 0, clients: 4, ratePerSecond: 900 },
  durationMs: 5_000,
  calmMs: 1_000,
  faults: [inTurn(restart), inTurn(kill)],
  control: { durationMs: 500 },
  exercised: { okOps: 2_000, okOpsAroundFault: 50 },
};
