import type { ArmRecorder } from './observe/recorder.ts';

/** Tells on stderr what a run is doing; stdout stays free for the result. */
export interface Progress {
  line(text: string): void;
  /** A recorder's arm enters a stage, e.g. `traffic` or `kill agent-1`. */
  stage(recorder: ArmRecorder, stage: string): void;
  /** No more lines. */
  end(): void;
}

/** A line per second while something runs; a pipeline's log stays readable and shows where it stands. */
const TOTALS_EVERY_MS = 1_000;

export function stderrProgress(startedAt = performance.now()): Progress {
  const current = new Map<string, { recorder: ArmRecorder; stage: string; shown: number }>();
  const write = (text: string) => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1).padStart(6);
    process.stderr.write(`${seconds} s  ${text}\n`);
  };
  const totals = ({ recorder, stage }: { recorder: ArmRecorder; stage: string }) =>
    `${recorder.arm.padEnd(7)} ${recorder.service.padEnd(9)} ${stage.padEnd(18)} ${recorder.okOps} ok ops, ${recorder.busy} busy`;
  const timer = setInterval(() => {
    for (const entry of current.values()) {
      if (entry.recorder.okOps === entry.shown) continue;
      entry.shown = entry.recorder.okOps;
      write(totals(entry));
    }
  }, TOTALS_EVERY_MS);
  timer.unref();
  return {
    line: write,
    stage(recorder, stage) {
      const entry = { recorder, stage, shown: recorder.okOps };
      current.set(`${recorder.arm} ${recorder.service}`, entry);
      write(totals(entry));
    },
    end: () => clearInterval(timer),
  };
}

/** For tests: says nothing. */
export const silentProgress: Progress = { line: () => undefined, stage: () => undefined, end: () => undefined };
