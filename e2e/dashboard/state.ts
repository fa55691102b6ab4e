/** What the observer tells the page and `walproof up`, as JSON. Types alone. Times are epoch milliseconds. */

/**
 * `never`   has not answered since the observer started
 * `up`      its health route answered 200
 * `waiting` it answers, and says that it starts or stops
 * `silent`  it takes the connection and does not answer: frozen, or its event loop stands still
 * `down`    nobody takes the connection
 */
export type ProcessState = 'never' | 'up' | 'waiting' | 'silent' | 'down';

/** A pragma that a connection has and should not. */
export interface Drift {
  pragma: string;
  expected: string;
  seen: string;
}

/** A connection as the process that holds it attested it. */
export interface ConnectionNow {
  connection: number;
  pid: number;
  readonly: boolean;
  journalMode: string;
  busyTimeoutMs: number;
  synchronous: number;
  cacheSize: number;
  foreignKeys: boolean;
  sqliteVersion: string;
  driver: string;
  drift: Drift[];
}

export interface ProcessNow {
  name: string;
  state: ProcessState;
  /** Since when it is in that state. */
  sinceMs: number;
  /** What came back last, e.g. `HTTP 200`, `ECONNREFUSED`. */
  seen: string;
  answeredAtMs: number | null;
  /** When its metrics were last read. */
  metricsAtMs: number | null;
  startedAtMs: number | null;
  /** New incarnations since the observer started. */
  restarts: number;
  /** Longest standstill of its event loop between the last two looks. */
  stallMs: number | null;
  connections: ConnectionNow[];
  /** Refused statements by code since the observer started, over all incarnations. */
  sqliteErrors: Record<string, number>;
}

export interface WalNow {
  dbBytes: number | null;
  walBytes: number | null;
  shmBytes: number | null;
  /** Frames that count; null when the index cannot be read. */
  frames: number | null;
  /** Of these, not yet copied into the database. */
  backlog: number | null;
  backlogBytes: number | null;
  /** Why the files could not be looked at; null when they could. */
  problem: string | null;
}

export interface ServiceNow {
  name: string;
  title: string;
  processes: ProcessNow[];
  wal: WalNow;
  /** Null without fresh metrics. */
  okPerSecond: number | null;
  refusedPerSecond: number | null;
  p50Ms: number | null;
  p99Ms: number | null;
  stallMs: number | null;
  sqliteErrors: Record<string, number>;
}

/** What the traffic container counts; errors by code. */
export interface TrafficCounts {
  service: string;
  ok: number;
  fail: number;
  info: number;
  errors: Record<string, number>;
}

export interface TrafficNow {
  state: 'on' | 'off';
  seed: number | null;
  services: TrafficCounts[];
}

export type MarkKind = 'down' | 'silent' | 'up' | 'restart' | 'drift' | 'policy' | 'busy';

/** Something that happened, as the observer saw it. */
export interface Mark {
  id: number;
  atMs: number;
  service: string;
  process: string | null;
  kind: MarkKind;
  text: string;
}

export interface Now {
  /** Differs after each start of the observer: what the page holds is then of another one. */
  observer: string;
  observerStartedAtMs: number;
  nowMs: number;
  services: ServiceNow[];
  traffic: TrafficNow;
}

/** One tier of the history: values[i] belongs to the step that begins at `fromMs + i * stepMs`. */
export interface HistoryNow {
  stepMs: number;
  fromMs: number;
  series: Record<string, (number | null)[]>;
}

/** First message on the stream. */
export interface Snapshot {
  now: Now;
  marks: Mark[];
  history: HistoryNow;
  /** Steps of the other tiers, each at `/history?step=`, with how far back it reaches. */
  tiers: { stepMs: number; reachMs: number }[];
  /** Port of the control server of `walproof up` on 127.0.0.1; null without one. */
  controlPort: number | null;
}

/** Every message after it: the present, marks that are new, and the newest steps of the finest tier. */
export interface Tick {
  now: Now;
  marks: Mark[];
  history: HistoryNow;
}
