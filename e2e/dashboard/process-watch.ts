import type { PragmaPolicy } from '../model/service.ts';
import { type Answer, Asker } from './ask.ts';
import { connectionsIn } from './attested.ts';
import type { Marks } from './marks.ts';
import { type Change, changeBetween, type Reading, readingOf } from './reading.ts';
import type { WatchedProcess } from './settings.ts';
import type { ConnectionNow, Drift, MarkKind, ProcessNow, ProcessState } from './state.ts';

/** Asked twice a second, in turn for its metrics and its health, each of which shows that it lives. */
const PERIOD_MS = 500;
/** Figures older than this are not shown as the present. */
export const FRESH_MS = 2_500;
/** Refusals come in hundreds; one mark in this time says that there are some. */
const BUSY_MARK_MS = 5_000;

/** What changed between the last two looks at the metrics. */
export interface TimedChange extends Change {
  overMs: number;
}

/** Watches one process from outside, over its health route and its metrics. */
export class ProcessWatch {
  readonly #process: WatchedProcess;
  readonly #service: string;
  readonly #policy: PragmaPolicy;
  readonly #marks: Marks;
  readonly #asker: Asker;
  readonly #ignored: ReadonlySet<string>;
  readonly #errors = new Map<string, number>();
  #state: ProcessState = 'never';
  /** Whether it was gone since it was up last. */
  #wasLost = false;
  #sinceMs = Date.now();
  #seen = 'not asked yet';
  #answeredAtMs: number | null = null;
  #readAtMs: number | null = null;
  #reading: Reading | null = null;
  #change: TimedChange | null = null;
  #restarts = 0;
  #connections: ConnectionNow[] = [];
  #driftText = '';
  #busyMarkedAtMs = 0;
  #turn = 0;
  #asking = false;
  #again = false;
  #closed = false;
  readonly #timer: NodeJS.Timeout;

  constructor(service: string, policy: PragmaPolicy, watched: WatchedProcess, marks: Marks) {
    this.#service = service;
    this.#policy = policy;
    this.#process = watched;
    this.#marks = marks;
    this.#ignored = new Set([watched.healthPath, '/metrics']);
    this.#asker = new Asker(watched.url, () => void this.#look());
    this.#timer = setInterval(() => void this.#look(), PERIOD_MS);
    void this.#look();
  }

  get now(): ProcessNow {
    return {
      name: this.#process.name,
      state: this.#state,
      sinceMs: this.#sinceMs,
      seen: this.#seen,
      answeredAtMs: this.#answeredAtMs,
      metricsAtMs: this.#readAtMs,
      startedAtMs: this.#reading?.startedAtMs ?? null,
      restarts: this.#restarts,
      stallMs: this.#isFresh() ? (this.#reading?.stallMs ?? null) : null,
      connections: this.#connections,
      sqliteErrors: Object.fromEntries(this.#errors),
    };
  }

  /** Null when its metrics were never read twice, or not lately. */
  get change(): TimedChange | null {
    return this.#isFresh() ? this.#change : null;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#asker.close();
  }

  #isFresh(): boolean {
    return this.#readAtMs !== null && Date.now() - this.#readAtMs < FRESH_MS;
  }

  /** One question at a time. A connection that is cut meanwhile is followed by another look at once. */
  async #look(): Promise<void> {
    if (this.#closed) return;
    if (this.#asking) {
      this.#again = true;
      return;
    }
    this.#asking = true;
    this.#again = false;
    const forMetrics = this.#turn++ % 2 === 0;
    const answer = await this.#asker.ask(forMetrics ? '/metrics' : this.#process.healthPath);
    this.#asking = false;
    if (this.#closed) return;
    if (answer.kind !== 'answer') this.#enter(answer.kind, answer.seen);
    else {
      this.#answeredAtMs = Date.now();
      if (forMetrics) this.#takeMetrics(answer);
      else this.#takeHealth(answer);
    }
    if (this.#again && answer.kind === 'answer') void this.#look();
  }

  #takeHealth({ status, body }: Extract<Answer, { kind: 'answer' }>): void {
    this.#enter(status === 200 ? 'up' : 'waiting', `HTTP ${status}`);
    const connections = connectionsIn(body, this.#policy);
    if (connections === null) return;
    this.#connections = connections;
    const text = driftText(connections.flatMap(({ drift }) => drift));
    if (text === this.#driftText) return;
    this.#driftText = text;
    if (text !== '') this.#mark('drift', text);
    else if (connections.length > 0) this.#mark('policy', 'every connection has its pragmas again');
  }

  #takeMetrics({ status, body }: Extract<Answer, { kind: 'answer' }>): void {
    if (status !== 200) {
      this.#seen = `HTTP ${status} for its metrics`;
      return;
    }
    // Metrics are served before the database is open; what the process is ready for, its health route says.
    if (this.#state !== 'up' && this.#state !== 'waiting') this.#enter('waiting', 'its metrics');
    const reading = readingOf(body, this.#ignored);
    const nowMs = Date.now();
    if (this.#reading !== null && this.#readAtMs !== null) {
      const change = changeBetween(this.#reading, reading);
      this.#change = { ...change, overMs: nowMs - this.#readAtMs };
      if (change.restarted) {
        this.#restarts++;
        this.#mark('restart', 'another incarnation answers');
      }
      this.#countErrors(change.sqliteErrors, nowMs);
    }
    this.#reading = reading;
    this.#readAtMs = nowMs;
  }

  #countErrors(errors: ReadonlyMap<string, number>, nowMs: number): void {
    const fresh = [...errors].filter(([, count]) => count > 0);
    for (const [code, count] of fresh) this.#errors.set(code, (this.#errors.get(code) ?? 0) + count);
    if (fresh.length === 0 || nowMs - this.#busyMarkedAtMs < BUSY_MARK_MS) return;
    this.#busyMarkedAtMs = nowMs;
    this.#mark('busy', `SQLite refused: ${fresh.map(([code, count]) => `${count} × ${code}`).join(', ')}`);
  }

  #enter(state: ProcessState, seen: string): void {
    this.#seen = seen;
    // Nobody has seen it yet, so it cannot have gone.
    const entered = this.#state === 'never' && (state === 'down' || state === 'silent') ? 'never' : state;
    if (entered === this.#state) return;
    this.#state = entered;
    this.#sinceMs = Date.now();
    if (entered === 'down' || entered === 'silent') {
      this.#wasLost = true;
      this.#mark(entered, entered === 'down' ? `down: ${seen}` : seen);
    } else if (entered === 'up' && this.#wasLost) {
      this.#wasLost = false;
      this.#mark('up', 'up again');
    }
  }

  #mark(kind: MarkKind, text: string): void {
    this.#marks.add({ service: this.#service, process: this.#process.name, kind, text });
  }
}

function driftText(drift: readonly Drift[]): string {
  const texts = drift.map(({ pragma, expected, seen }) => `${pragma} is ${seen}, expected ${expected}`);
  return [...new Set(texts)].join('; ');
}
