/** What `bench --json` prints. Fields are only ever added. Absolute figures belong to one machine; ratios travel. */
import type { EngineName } from '../model/stack.ts';
import type { Figures } from './figures.ts';
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

export interface BenchDocument {
  schemaVersion: 1;
  tool: 'walproof';
  version: string;
  startedAt: string;
  machine: { cores: number; node: string; platform: string };
  seed: number;
  clients: { writers: number; readers: number };
  /** Of traffic in each half of a pair. */
  seconds: number;
  rows: BenchRow[];
}
