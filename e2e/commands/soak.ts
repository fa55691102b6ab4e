import type { Verdict } from '../model/verdict.ts';
import { stderrProgress } from '../progress.ts';
import { verdictText } from '../report/console.ts';
import type { VerdictDocument } from '../report/verdict-document.ts';
import { VERSION } from '../version.ts';
import { done, exitOf, type Outcome } from './outcome.ts';
import { soakSeeds } from './soak-seeds.ts';
import { type VerifyOptions, verifyOnce } from './verify.ts';

export interface SoakOptions extends Omit<VerifyOptions, 'seed'> {
  runs: number;
  /** Of the first run; each run after it takes the next. Random ones when omitted. */
  seed?: number;
}

export interface SoakRun {
  /** From 1. */
  run: number;
  seed: number;
  verdict: Verdict;
  seconds: number;
  /** Bundles of runs that passed go when there are more than 20. */
  bundle: string;
}

/** What `soak --json` prints. Fields are only ever added. */
export interface SoakDocument {
  schemaVersion: 1;
  tool: 'walproof';
  version: string;
  /** `pass` when every run passed, else the verdict of the one that ended it. */
  verdict: Verdict;
  asked: number;
  passed: number;
  seconds: { min: number; median: number; max: number; total: number };
  runs: SoakRun[];
  /** The run that did not pass, with all that its verdict says. */
  ended: VerdictDocument | null;
}

/** Each fault that the engine can do, once. */
const EVERY_FAULT = 'all';

/** `walproof soak`: verifications, each with a seed of its own, until one does not pass. What passes once may have been lucky. */
export async function soak(names: readonly string[], options: SoakOptions, signal: AbortSignal): Promise<Outcome> {
  const { runs: asked, seed: first, faults = EVERY_FAULT, ...rest } = options;
  const seeds = soakSeeds(asked, first);
  const progress = stderrProgress();
  const runs: SoakRun[] = [];
  try {
    for (const [index, seed] of seeds.entries()) {
      const run = index + 1;
      progress.line(`soak run ${run} of ${asked}: seed ${seed}`);
      const document = await verifyOnce(names, { ...rest, faults, seed }, signal);
      const { verdict, durationMs, bundle } = document;
      runs.push({ run, seed, verdict, seconds: Math.round(durationMs / 100) / 10, bundle });
      progress.line(`soak run ${run} of ${asked}: ${verdict} · seed ${seed} · ${totalsText(runs)}`);
      if (verdict !== 'pass') return endedBy(document, asked, runs);
    }
    const document = documentOf(asked, runs, null);
    return done(exitOf('pass'), `${asked} of ${asked} runs passed · ${totalsText(runs)}\n`, document);
  } finally {
    progress.end();
  }
}

function endedBy(document: VerdictDocument, asked: number, runs: SoakRun[]): Outcome {
  const text = `${verdictText(document)}run ${runs.length} of ${asked} did not pass: seed ${document.seed} · ${totalsText(runs)}\n`;
  return done(exitOf(document.verdict), text, documentOf(asked, runs, document));
}

function documentOf(asked: number, runs: SoakRun[], ended: VerdictDocument | null): SoakDocument {
  return {
    schemaVersion: 1,
    tool: 'walproof',
    version: VERSION,
    verdict: ended?.verdict ?? 'pass',
    asked,
    passed: runs.filter(({ verdict }) => verdict === 'pass').length,
    seconds: secondsOf(runs),
    runs,
    ended,
  };
}

function secondsOf(runs: readonly SoakRun[]): SoakDocument['seconds'] {
  const sorted = runs.map(({ seconds }) => seconds).sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? 0;
  const total = Math.round(sorted.reduce((sum, seconds) => sum + seconds, 0) * 10) / 10;
  return { min: at(0), median: at(Math.floor((sorted.length - 1) / 2)), max: at(sorted.length - 1), total };
}

function totalsText(runs: readonly SoakRun[]): string {
  const { min, median, max, total } = secondsOf(runs);
  const passed = runs.filter(({ verdict }) => verdict === 'pass').length;
  return `${passed} passed · ${min} / ${median} / ${max} s (min, median, max), ${total} s in all`;
}
