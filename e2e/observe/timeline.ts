import type { Arm } from '../model/op.ts';
import type { SideName } from '../model/repro.ts';
import type { Span, Stage } from '../model/timeline.ts';

/** Whose stages follow each other. The run itself has no service. */
export interface Strand {
  arm?: Arm;
  service?: string;
  side?: SideName;
}

/** Where the seconds of a run go: each strand is in one stage at a time. */
export class Timeline {
  readonly #startedAt: number;
  readonly #clock: () => number;
  readonly #spans: Span[] = [];
  readonly #open = new Map<string, Span>();

  /** @param startedAt `performance.now()` at the start of the run. */
  constructor(startedAt: number, clock: () => number = () => performance.now()) {
    this.#startedAt = startedAt;
    this.#clock = clock;
  }

  /** The strand enters a stage, and leaves the one before. */
  enter(stage: Stage, strand: Strand = {}): void {
    this.leave(strand);
    const fromMs = this.#nowMs();
    const span: Span = { ...stage, ...strand, fromMs, untilMs: fromMs };
    this.#open.set(keyOf(strand), span);
    this.#spans.push(span);
  }

  leave(strand: Strand = {}): void {
    const span = this.#open.get(keyOf(strand));
    if (span !== undefined) span.untilMs = this.#nowMs();
    this.#open.delete(keyOf(strand));
  }

  /** A stretch of its own, whatever else goes on meanwhile. It ends with the work, also when that fails. */
  async during<T>(stage: Stage, strand: Strand, work: () => Promise<T>): Promise<T> {
    const fromMs = this.#nowMs();
    const span: Span = { ...stage, ...strand, fromMs, untilMs: fromMs };
    this.#spans.push(span);
    try {
      return await work();
    } finally {
      span.untilMs = this.#nowMs();
    }
  }

  /** In the order in which they began; those that are not over last until now. */
  spans(): Span[] {
    for (const span of this.#open.values()) span.untilMs = this.#nowMs();
    return this.#spans.map((span) => ({ ...span }));
  }

  #nowMs(): number {
    return Math.round(this.#clock() - this.#startedAt);
  }
}

function keyOf({ arm, service }: Strand): string {
  return `${arm} ${service}`;
}
