import { messageOf, WalproofError } from '../../model/errors.ts';
import type { Lab, Repro, ReproFinding, SideName } from '../../model/repro.ts';
import type { Span, Stage } from '../../model/timeline.ts';
import { Timeline } from '../../observe/timeline.ts';
import { type Judgement, judge, type SideResult } from './judge.ts';

/** Times a piece of work. */
export type Clock = <T>(stage: Stage, work: () => Promise<T>) => Promise<T>;

/** A lab with what ends it; ending it twice is ending it once. */
export interface OwnedLab extends Lab, AsyncDisposable {
  howToLook(): string[];
  /** Writes logs and databases as they are now into a folder: `logs/<process>.log`, and the database with its sidecars. */
  saveTo(folder: string): Promise<void>;
}

export interface PlayOptions {
  /** A fresh lab for each side, which tells the clock what it spends time on. */
  openLab(clock: Clock): OwnedLab;
  signal: AbortSignal;
  say(line: string): void;
  /** A folder for what the side without the fix leaves at the moment of its finding. */
  saveTo?: string;
  /** Called at the end with the lab of the side without the fix, all of which still stands. */
  keep?(lab: OwnedLab, result: ReproResult): Promise<void>;
}

interface ToldSide {
  verdict: 'pass' | 'fail';
  findings: readonly ReproFinding[];
}

/** The document of `repro <name> --json`. */
export interface ReproResult extends Judgement {
  name: string;
  engine: string;
  without: ToldSide;
  with: ToldSide;
  seconds: number;
  /** What starting and stopping took; the rest is the scene itself. */
  timeline: Span[];
}

/** Plays both sides, each on ground of its own, and judges. What a scenario throws is no finding: it is thrown on. */
export async function play(repro: Repro, options: PlayOptions): Promise<ReproResult> {
  const startedAt = performance.now();
  const timeline = new Timeline(startedAt);
  await using lab = options.openLab(clockOf(timeline, 'without'));
  const without = await playSide(repro, 'without', lab, options);
  if (options.saveTo !== undefined) await lab.saveTo(options.saveTo);
  if (options.keep === undefined) await lab[Symbol.asyncDispose]();
  const fixed = await playFixed(repro, options, clockOf(timeline, 'with'));
  const result: ReproResult = {
    name: repro.name,
    engine: lab.engine,
    without: told(without),
    with: told(fixed),
    ...judge(repro, without, fixed),
    seconds: Math.round((performance.now() - startedAt) / 100) / 10,
    timeline: timeline.spans(),
  };
  await options.keep?.(lab, result);
  return result;
}

function clockOf(timeline: Timeline, side: SideName): Clock {
  return (stage, work) => timeline.during(stage, { side }, work);
}

async function playFixed(repro: Repro, options: PlayOptions, clock: Clock): Promise<SideResult> {
  await using lab = options.openLab(clock);
  return await playSide(repro, 'with', lab, options);
}

async function playSide(repro: Repro, side: SideName, lab: OwnedLab, options: PlayOptions): Promise<SideResult> {
  const { signal, say } = options;
  signal.throwIfAborted();
  say(`${repro.name}: ${side} the fix`);
  // An interruption must not wait for the command in hand: what it waits for is removed, so it ends.
  const onAbort = async () => {
    try {
      await lab[Symbol.asyncDispose]();
    } catch {
      // It shows again when the side is over and disposes the lab; here nobody could be told.
    }
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const findings = await repro.play(lab, side);
    signal.throwIfAborted();
    for (const { code, message } of findings) say(`${repro.name}: ${side} the fix: ${code}: ${message}`);
    return { findings, refusals: [...lab.refusals] };
  } catch (error) {
    signal.throwIfAborted();
    throw brokenBy(repro, side, error);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** A missing engine or a full disk keeps its own code; anything else that a scenario throws is the repro's own failure. */
function brokenBy(repro: Repro, side: SideName, error: unknown): WalproofError {
  const foreign = error instanceof WalproofError && !['SERVICE_NOT_STARTED', 'PROBE_FAILED'].includes(error.code);
  if (foreign) return error;
  return new WalproofError(
    'REPRO_BROKEN',
    `${repro.name}, ${side} the fix: expected the scenario to run to its end, but: ${messageOf(error)}`,
    'This says nothing about the bug. Run again with WALPROOF_DEBUG=1.',
    { cause: error, details: error instanceof WalproofError ? error.details : [] },
  );
}

function told({ findings }: SideResult): ToldSide {
  return { verdict: findings.length === 0 ? 'pass' : 'fail', findings };
}
