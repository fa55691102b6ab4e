/** Every setting of every service, and what may be concluded from all of them together. */
import type { ServiceUnderTest } from '../model/scenario.ts';
import { mergeVerdicts, type Verdict } from '../model/verdict.ts';
import { VERSION } from '../version.ts';
import { type Cell, runCell } from './cell.ts';
import { keeps } from './judge.ts';
import { LOSSES, type Loss, PROMISES, SETTINGS } from './setting.ts';

/** With fewer the extremes alone were looked at. */
const LEAST_IMAGES = 100;

export interface MatrixCell extends Cell {
  /** The most that a power cut may take by SQLite's documentation. */
  promise: Loss;
  verdict: Verdict;
  why: string | null;
}

/** What `durability --json` prints. Fields are only ever added. */
export interface DurabilityDocument {
  schemaVersion: 1;
  tool: 'walproof';
  version: string;
  verdict: Verdict;
  seed: number;
  seconds: number;
  cells: MatrixCell[];
}

export interface MatrixOptions {
  services: readonly ServiceUnderTest[];
  seed: number;
  say(line: string): void;
  signal: AbortSignal;
}

export async function runMatrix({ services, seed, say, signal }: MatrixOptions): Promise<DurabilityDocument> {
  const startedAt = performance.now();
  const cells: MatrixCell[] = [];
  for (const service of services)
    for (const setting of SETTINGS) {
      signal.throwIfAborted();
      const cell = judged(await runCell({ service, setting, seed, signal }));
      cells.push(cell);
      const { journal, synchronous, kill, powerCut, verdict } = cell;
      say(
        `${cell.service} ${journal} ${synchronous}: a kill takes ${kill.worst}, a power cut ${powerCut.worst} (${kill.images + powerCut.images} images): ${verdict}`,
      );
    }
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
  return { schemaVersion: 1, tool: 'walproof', version: VERSION, verdict: verdictOf(cells), seed, seconds, cells };
}

/** One cell by itself: within its promise, and with enough images to say so. */
export function judged(cell: Cell): MatrixCell {
  const promise = PROMISES[cell.journal][cell.synchronous];
  const [verdict, why] = conclusion(cell, promise);
  return { ...cell, promise, verdict, why };
}

function conclusion({ kill, powerCut, journal, synchronous }: Cell, promise: Loss): [Verdict, string | null] {
  if (!keeps(kill, 'nothing')) return ['fail', `expected a kill to take nothing, seen ${kill.worst}: ${kill.example}`];
  if (!keeps(powerCut, promise))
    return ['fail', `expected a power cut to take ${promise} at most, seen ${powerCut.worst}: ${powerCut.example}`];
  if (powerCut.images < LEAST_IMAGES)
    return ['unknown', `expected at least ${LEAST_IMAGES} images of a power cut, seen ${powerCut.images}`];
  // A model that takes nothing from whoever does not sync takes nothing from anybody. With DELETE, NORMAL does sync each commit;
  // what it may lose lies in the moment between the journal's removal and the next sync, which few cuts meet.
  const isRarelySynced = synchronous === 'OFF' || (synchronous === 'NORMAL' && journal === 'WAL');
  if (isRarelySynced && powerCut.worst === 'nothing')
    return ['unknown', `expected some power cut to take acknowledged commits with ${synchronous}, seen none`];
  return ['pass', null];
}

/** OFF must come out worse than NORMAL, else the cuts tell no setting from another. */
export function verdictOf(cells: readonly MatrixCell[]): Verdict {
  const worstOf = (level: string) =>
    Math.max(
      ...cells.filter(({ synchronous }) => synchronous === level).map(({ powerCut }) => LOSSES.indexOf(powerCut.worst)),
    );
  const told: Verdict = worstOf('OFF') > worstOf('NORMAL') ? 'pass' : 'unknown';
  return mergeVerdicts([...cells.map(({ verdict }) => verdict), told]);
}
