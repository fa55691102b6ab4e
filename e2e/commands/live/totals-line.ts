import type { Totals } from './ledger.ts';

/** Without a terminal a line is kept, so there are few. */
const LINE_EVERY_MS = 5_000;

/** The running totals: one line that is written anew on a terminal, a line every few seconds elsewhere. */
export class TotalsLine {
  readonly #out: NodeJS.WriteStream;
  #writtenAt = Number.NEGATIVE_INFINITY;

  constructor(out: NodeJS.WriteStream = process.stderr) {
    this.#out = out;
  }

  show(totals: Totals, problem: string | null): void {
    const text = problem ?? lineOf(totals);
    if (this.#out.isTTY) {
      this.#out.write(`\r\x1b[2K${text.slice(0, Math.max(20, this.#out.columns - 1))}`);
      return;
    }
    if (performance.now() - this.#writtenAt < LINE_EVERY_MS) return;
    this.#writtenAt = performance.now();
    this.#out.write(`${text}\n`);
  }

  /** Something else is written now. */
  end(): void {
    if (this.#out.isTTY) this.#out.write('\n');
  }
}

function lineOf({ acknowledged, failed, lost, sqliteErrors, restarts, drift, down }: Totals): string {
  const refused = Object.values(sqliteErrors).reduce((sum, count) => sum + count, 0);
  return [
    `${acknowledged} acknowledged`,
    `${failed} failed`,
    `${lost} lost`,
    `${refused} refused by SQLite`,
    `${restarts.asked + restarts.unasked} restarts`,
    drift.length === 0 ? 'pragmas as due' : `${drift.length} pragmas differ`,
    ...(down.length === 0 ? [] : [`down: ${down.join(', ')}`]),
  ].join(' · ');
}
