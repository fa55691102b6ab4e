import type { Now, ProcessNow, ServiceNow, TrafficCounts } from '../../dashboard/state.ts';

/** What was seen since `walproof up` began, summed over restarts of whatever counts. */
export interface Totals {
  acknowledged: number;
  failed: number;
  /** Replies that were lost: it may or may not have happened. */
  lost: number;
  /** Of the traffic's calls, by code. */
  errors: Record<string, number>;
  /** Statements that SQLite refused under the db module that is judged, by code. */
  sqliteErrors: Record<string, number>;
  /** The same while a variant was in place by hand: seen, and not judged. */
  sqliteErrorsAside: Record<string, number>;
  /** Pragmas that a connection had against the policy, under the db module that is judged. */
  drift: string[];
  /** Connections that attested themselves, at most at one time. */
  connections: number;
  restarts: { asked: number; unasked: number };
  /** Processes that are down just now. */
  down: string[];
  /** Processes that were seen down at some time without having been asked to end from here. */
  endedUnasked: string[];
  /** Looks at the observer that succeeded. */
  looks: number;
}

/** The old connections of a process that was made anew are shown until its health is asked next. */
const SETTLE_MS = 3_000;

/** Adds up what the observer tells. Counters that begin again, with their process or with the observer, lose nothing. */
export class Ledger {
  readonly totals: Totals = {
    acknowledged: 0,
    failed: 0,
    lost: 0,
    errors: {},
    sqliteErrors: {},
    sqliteErrorsAside: {},
    drift: [],
    connections: 0,
    restarts: { asked: 0, unasked: 0 },
    down: [],
    endedUnasked: [],
    looks: 0,
  };
  readonly #counters = new Map<string, number>();
  /** Processes whose next incarnation was asked for. */
  readonly #asked = new Set<string>();
  /** Services that are not judged just now, and until when; for ever while a variant is in place. */
  readonly #asideUntilMs = new Map<string, number>();
  #observer = '';

  /**
   * An incarnation that was asked for, or a kill: neither is held against the service. One that was down before it was asked
   * for ended by itself, also when the asking came sooner than the next look.
   */
  asked(processes: readonly string[], downBefore: readonly string[] = []): void {
    for (const process of downBefore) this.#noteEnd(process);
    for (const process of processes) this.#asked.add(process);
  }

  /** A variant is put in the place of the db module that is judged. */
  setAside(service: string): void {
    this.#asideUntilMs.set(service, Number.POSITIVE_INFINITY);
  }

  /** The db module that is judged is back. */
  judgeAgain(service: string, nowMs: number = Date.now()): void {
    this.#asideUntilMs.set(service, nowMs + SETTLE_MS);
  }

  take(now: Now): void {
    const isFirst = this.#observer === '';
    if (now.observer !== this.#observer) {
      // What it counted before this run began belongs to nobody; what a new one counts began after it.
      for (const key of [...this.#counters.keys()].filter((each) => !each.startsWith('traffic/')))
        this.#counters.delete(key);
      this.#observer = now.observer;
    }
    this.totals.looks++;
    this.totals.down = [];
    for (const service of now.services) this.#takeService(service, now.nowMs, isFirst);
    const connections = now.services.flatMap(({ processes }) => processes.flatMap((each) => each.connections));
    this.totals.connections = Math.max(this.totals.connections, connections.length);
    for (const counts of now.traffic.services) this.#takeTraffic(counts);
  }

  #takeService({ name, processes }: ServiceNow, nowMs: number, isFirst: boolean): void {
    const isAside = nowMs < (this.#asideUntilMs.get(name) ?? 0);
    for (const each of processes) {
      this.#takeErrors(each, isAside, isFirst);
      this.#takeRestarts(each, isFirst);
      if (each.state === 'down') {
        this.totals.down.push(each.name);
        this.#noteEnd(each.name);
      }
      if (isAside) continue;
      for (const { pragma, expected, seen } of each.connections.flatMap(({ drift }) => drift)) {
        const text = `${each.name}: ${pragma} is ${seen}, expected ${expected}`;
        if (!this.totals.drift.includes(text)) this.totals.drift.push(text);
      }
    }
  }

  #noteEnd(name: string): void {
    const { endedUnasked } = this.totals;
    if (!this.#asked.has(name) && !endedUnasked.includes(name)) endedUnasked.push(name);
  }

  #takeErrors({ name, sqliteErrors }: ProcessNow, isAside: boolean, isFirst: boolean): void {
    const into = isAside ? this.totals.sqliteErrorsAside : this.totals.sqliteErrors;
    for (const [code, count] of Object.entries(sqliteErrors)) {
      const more = this.#since(`errors/${name}/${code}`, count, isFirst);
      if (more > 0) into[code] = (into[code] ?? 0) + more;
    }
  }

  #takeRestarts({ name, restarts }: ProcessNow, isFirst: boolean): void {
    const more = this.#since(`restarts/${name}`, restarts, isFirst);
    if (more === 0) return;
    const asked = this.#asked.delete(name) ? 1 : 0;
    this.totals.restarts.asked += asked;
    this.totals.restarts.unasked += more - asked;
  }

  #takeTraffic({ service, ok, fail, info, errors }: TrafficCounts): void {
    this.totals.acknowledged += this.#since(`traffic/${service}/ok`, ok, false);
    this.totals.failed += this.#since(`traffic/${service}/fail`, fail, false);
    this.totals.lost += this.#since(`traffic/${service}/info`, info, false);
    for (const [code, count] of Object.entries(errors)) {
      const more = this.#since(`traffic/${service}/errors/${code}`, count, false);
      if (more > 0) this.totals.errors[code] = (this.totals.errors[code] ?? 0) + more;
    }
  }

  /** By how much a counter has grown; one that is lower than before has begun again. */
  #since(key: string, count: number, isFirst: boolean): number {
    const before = this.#counters.get(key) ?? (isFirst ? count : 0);
    this.#counters.set(key, count);
    return count >= before ? count - before : count;
  }
}
