/** Two benches next to each other: which ratio moved by more than the noise of both. Pure. */
import type { BenchDocument, BenchRow, Ratios } from './document.ts';
import { isApart, type Spread } from './spread.ts';

/** With fewer pairs a spread says too little about noise. */
export const LEAST_PAIRS = 5;

export interface Change {
  service: string;
  engine: string;
  load: string;
  variant: string;
  ratio: keyof Ratios;
  before: Spread;
  now: Spread;
  /** `better` is more writes or reads, or less latency, against the variant than before. */
  change: 'better' | 'worse' | 'within noise' | 'too few pairs';
}

/** Rows that only one of them has are left out. */
export function compareBenches(before: BenchDocument, now: BenchDocument): Change[] {
  return now.rows.flatMap((row) => {
    const old = before.rows.find((each) => keyOf(each) === keyOf(row));
    return old === undefined ? [] : changesOf(old, row);
  });
}

function changesOf(old: BenchRow, row: BenchRow): Change[] {
  const { service, engine, load, variant } = row;
  const enough = Math.min(old.pairs.length, row.pairs.length) >= LEAST_PAIRS;
  return (Object.keys(row.ratios) as (keyof Ratios)[]).flatMap((ratio) => {
    const [before, now] = [old.ratios[ratio], row.ratios[ratio]];
    if (before === null || before === undefined || now === null) return [];
    const grew = now.median > before.median;
    const moved = grew === (ratio !== 'writeP99') ? 'better' : 'worse';
    const change = !enough ? 'too few pairs' : isApart(before, now) ? moved : 'within noise';
    return [{ service, engine, load, variant, ratio, before, now, change } satisfies Change];
  });
}

function keyOf({ service, engine, load, variant, ratePerSecond }: BenchRow): string {
  return [service, engine, load, variant, ratePerSecond].join(' ');
}
