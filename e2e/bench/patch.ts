/** What the patch buys: a service with its patched db module against a variant, in pairs of runs under the same traffic. */
import type { ServiceUnderTest } from '../model/scenario.ts';
import type { Engine } from '../model/stack.ts';
import { armUnderLoad } from './arm-under-load.ts';
import type { BenchRow, Load, Pair, Ratios } from './document.ts';
import { type Figures, figuresOf } from './figures.ts';
import { spreadOf } from './spread.ts';

/** The clients of each run. */
export const WRITERS = 4;
export const READERS = 4;
/** Of all clients together: both services keep it with room to spare, patched or plain, on two cores. */
const FIXED_RATE = 240;

export interface BenchWish {
  service: ServiceUnderTest;
  engine: Engine;
  variant: string;
  load: Load;
  pairs: number;
  durationMs: number;
  seed: number;
  say(line: string): void;
  signal: AbortSignal;
}

export async function benchRow(wish: BenchWish): Promise<BenchRow> {
  const { service, engine, variant, load, say } = wish;
  const { name } = service.definition;
  const pairs: Pair[] = [];
  for (let n = 0; n < wish.pairs; n++) {
    const measured = new Map<string, Figures>();
    // In turns, so that a machine that grows slower favours neither.
    for (const side of n % 2 === 0 ? [variant, 'patched'] : ['patched', variant])
      measured.set(side, await measure(wish, side, wish.seed + n));
    const pair = { patched: measured.get('patched') as Figures, other: measured.get(variant) as Figures };
    pairs.push(pair);
    const { patched, other } = pair;
    say(
      `${name} ${engine.name} ${load}, pair ${n + 1} of ${wish.pairs}: ${patched.writesPerSecond} writes/s, ${other.writesPerSecond} with ${variant}`,
    );
  }
  const ratePerSecond = rateOf(load);
  return { service: name, engine: engine.name, load, variant, ratePerSecond, pairs, ratios: ratiosOf(pairs) };
}

/** Patched over the other, pair by pair. */
export function ratiosOf(pairs: readonly Pair[]): Ratios {
  const of = (figure: (figures: Figures) => number | undefined) => {
    const ratios = pairs.map(({ patched, other }) => (figure(patched) ?? 0) / (figure(other) ?? 0));
    return spreadOf(ratios.filter(Number.isFinite));
  };
  return {
    writes: of((figures) => figures.writesPerSecond),
    reads: of((figures) => figures.readsPerSecond),
    writeP99: of((figures) => figures.writeLatencyMs?.p99),
  };
}

const rateOf = (load: Load) => (load === 'closed' ? 0 : FIXED_RATE);

async function measure(wish: BenchWish, variant: string, seed: number): Promise<Figures> {
  const { service, engine, load, durationMs, signal } = wish;
  const ratePerSecond = rateOf(load);
  const traffic = { seed, clients: WRITERS, readers: READERS, ratePerSecond };
  const evidence = await armUnderLoad({ service, engine, variant, traffic, durationMs, signal });
  return figuresOf(evidence, ratePerSecond === 0 ? 0 : (1_000 * (WRITERS + READERS)) / ratePerSecond);
}
