import type { Reduce } from './history.ts';
import type { Marks } from './marks.ts';
import { ProcessWatch, type TimedChange } from './process-watch.ts';
import { addBuckets, quantile } from './quantile.ts';
import type { WatchedService } from './settings.ts';
import type { ServiceNow, WalNow } from './state.ts';
import { lookAtFiles, NOTHING_SEEN } from './wal-files.ts';

/** Series of a service, by the name after `<service>/`. */
const SERIES: Readonly<Record<string, Reduce>> = {
  ok: 'mean',
  refused: 'mean',
  p50: 'mean',
  p99: 'max',
  wal: 'max',
  backlog: 'max',
  busy: 'mean',
  stall: 'max',
};

const BUSY = /^SQLITE_(BUSY|LOCKED)/;

type Rates = Pick<ServiceNow, 'okPerSecond' | 'refusedPerSecond' | 'p50Ms' | 'p99Ms'> & {
  busyPerSecond: number | null;
};

/** Without fresh metrics of any process. */
const NO_RATES: Rates = {
  okPerSecond: null,
  refusedPerSecond: null,
  p50Ms: null,
  p99Ms: null,
  busyPerSecond: null,
};

/** One service: its processes, its files, and what they come to. */
export class ServiceWatch {
  readonly #watched: WatchedService;
  readonly #processes: readonly ProcessWatch[];
  #wal: WalNow = NOTHING_SEEN;

  constructor(watched: WatchedService, marks: Marks) {
    const { name, policy } = watched.definition;
    this.#watched = watched;
    this.#processes = watched.processes.map((each) => new ProcessWatch(name, policy, each, marks));
  }

  /** The series of the history that it fills. Those of a process are 1 while it is up and 0 while it is not. */
  get series(): Record<string, Reduce> {
    const { definition, processes } = this.#watched;
    const own = Object.entries(SERIES).map(([name, reduce]): [string, Reduce] => [
      `${definition.name}/${name}`,
      reduce,
    ]);
    const each = processes.map(({ name }): [string, Reduce] => [`${definition.name}/up/${name}`, 'min']);
    return Object.fromEntries([...own, ...each]);
  }

  /** Looks at the files, and sums up what the processes told last. */
  async sample(): Promise<Record<string, number | null>> {
    this.#wal = await lookAtFiles(this.#watched.database);
    const now = this.now;
    const values: Record<string, number | null> = {
      ok: now.okPerSecond,
      refused: now.refusedPerSecond,
      p50: now.p50Ms,
      p99: now.p99Ms,
      wal: now.wal.walBytes,
      backlog: now.wal.backlogBytes,
      busy: this.#rates().busyPerSecond,
      stall: now.stallMs,
    };
    for (const { name, state } of now.processes)
      values[`up/${name}`] = state === 'never' ? null : Number(state === 'up');
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${now.name}/${name}`, value]));
  }

  get now(): ServiceNow {
    const { definition } = this.#watched;
    const processes = this.#processes.map((each) => each.now);
    const { busyPerSecond: _, ...rates } = this.#rates();
    const stalls = processes.flatMap(({ stallMs }) => stallMs ?? []);
    const sqliteErrors: Record<string, number> = {};
    for (const [code, count] of processes.flatMap((each) => Object.entries(each.sqliteErrors)))
      sqliteErrors[code] = (sqliteErrors[code] ?? 0) + count;
    return {
      name: definition.name,
      title: definition.title,
      processes,
      wal: this.#wal,
      ...rates,
      stallMs: stalls.length === 0 ? null : Math.max(...stalls),
      sqliteErrors,
    };
  }

  #rates(): Rates {
    const changes = this.#processes.flatMap((each) => each.change ?? []);
    return changes.length === 0 ? NO_RATES : ratesOf(changes);
  }

  close(): void {
    for (const each of this.#processes) each.close();
  }
}

function ratesOf(changes: readonly TimedChange[]): Rates {
  const durations = new Map<number, number>();
  let [ok, refused, busy] = [0, 0, 0];
  for (const change of changes) {
    const perSecond = 1000 / Math.max(1, change.overMs);
    ok += change.ok * perSecond;
    refused += change.refused * perSecond;
    for (const [code, count] of change.sqliteErrors) if (BUSY.test(code)) busy += count * perSecond;
    addBuckets(durations, change.durations);
  }
  const inMs = (q: number) => {
    const seconds = quantile(durations, q);
    return seconds === null ? null : seconds * 1000;
  };
  return { okPerSecond: ok, refusedPerSecond: refused, busyPerSecond: busy, p50Ms: inMs(0.5), p99Ms: inMs(0.99) };
}
