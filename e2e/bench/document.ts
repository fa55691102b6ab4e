/** What `bench --json` prints. Fields are only ever added. Absolute figures belong to one machine; ratios travel. */
import type { EngineName } from '../model/stack.ts';
import type { Figures } from './figures.ts';
import type { Split } from './limit/split.ts';
import type { Spread } from './spread.ts';

/** `closed` asks as fast as replies come; `fixed` keeps a rate that both sides are asked for. */
export type Load = 'closed' | 'fixed';

export interface Pair {
  patched: Figures;
  other: Figures;
}

/** Patched over the other, by pairs: above 1 the patched one has more. Null where the other one had nothing at all. */
export interface Ratios {
  writes: Spread | null;
  reads: Spread | null;
  writeP99: Spread | null;
}

export interface BenchRow {
  service: string;
  engine: EngineName;
  load: Load;
  /** What the patched db module is measured against. */
  variant: string;
  /** Calls per second that were asked for; 0 under a closed loop. */
  ratePerSecond: number;
  pairs: Pair[];
  ratios: Ratios;
}

export interface LimitPair {
  /** Writes per second: in one bare process, in several on one file, acknowledged by the whole service. */
  bare: number;
  processes: number;
  service: number;
  /** Transactions per second, of all processes; null where the -shm could not be read. */
  bareCommits: number | null;
  serviceCommits: number | null;
  cpu: LimitCpu;
}

/** CPU in ms per write, which depends less than time on what else runs on the machine. */
export interface LimitCpu {
  bareMs: number;
  /** All processes of the service that answer HTTP and run loops, agents and indexers too. */
  facesMs: number;
  /** Their database processes. */
  databasesMs: number;
  /** What asks. */
  trafficMs: number;
}

/**
 * A service against the same statements on a bare connection (bench/limit/statements.ts says which, and what the service does
 * beyond them). Writing clients alone: a reader would take from the service what the bare side does not give away.
 */
export interface Limit {
  service: string;
  engine: EngineName;
  pairs: LimitPair[];
  bare: { writesPerSecond: Spread | null };
  processes: { count: number; writesPerSecond: Spread | null };
  served: { clients: number; writesPerSecond: Spread | null };
  /** Acknowledged writes over writes in one bare process. */
  ratio: Spread | null;
  /** Commits over commits: a service also commits what nobody waits for, as NanoClaw the answers of its agents. */
  commitRatio: Spread | null;
  commitsPerWrite: Spread | null;
  /** The middle of each. With `cores` of them, no service acknowledges more than cores / (faces + databases + traffic). */
  cpu: LimitCpu;
  /** Medians, so that the shares of several pairs need not add up to the last digit. */
  split: Split | null;
}

export interface BenchDocument {
  schemaVersion: 1;
  tool: 'walproof';
  version: string;
  startedAt: string;
  /** `filesystem` is where the process engine keeps its data; documents of before do not have it. */
  machine: { cores: number; node: string; platform: string; filesystem?: string };
  seed: number;
  clients: { writers: number; readers: number };
  /** Of traffic in each half of a pair. */
  seconds: number;
  rows: BenchRow[];
  /** Absent with --no-limit. */
  limits?: Limit[];
}
