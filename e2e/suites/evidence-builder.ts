/** Small histories for the tests of checkers, told in the order of time. */
import type { Checker, Demands, Evidence } from '../model/evidence.ts';
import type { ConnectionAttestation, DatabaseState, Observation, ObservationInput } from '../model/observation.ts';
import type { Op, OpKind, Outcome } from '../model/op.ts';
import type { PragmaPolicy, ProcessDefinition, ServiceDefinition } from '../model/service.ts';
import type { CheckResult, FindingCode } from '../model/verdict.ts';

export const POLICY: PragmaPolicy = {
  journalMode: 'wal',
  busyTimeoutMs: 30_000,
  synchronous: 1,
  cacheSize: -20_000,
  foreignKeys: true,
};

const processNamed = (name: string): ProcessDefinition => ({
  name,
  entry: 'src/main.ts',
  env: {},
  port: 47_779,
  healthPath: '/health',
  servesTraffic: true,
  stopGraceMs: 5_000,
});

/** A service of two processes, `host` and `agent`, on `store/notes.db`. */
export const NOTES: ServiceDefinition = {
  name: 'notes',
  title: 'Notes',
  sourceDir: 'fixtures/notes',
  dbModule: 'src/db.ts',
  dbModuleExports: [],
  variants: {},
  controlVariant: 'unpatched',
  database: 'store/notes.db',
  policy: POLICY,
  processes: [processNamed('host'), processNamed('agent')],
};

const NO_DEMANDS: Demands = { okOps: 0, okOpsAroundFault: 0, faults: [], control: false, controlResult: null };

interface CallDetails {
  client?: string;
  kind?: OpKind;
  /** How long the call took; default 1 ms. */
  tookMs?: number;
  error?: { code: string; message: string };
}

type Kind = Observation['kind'];
type Seen<K extends Kind> = Extract<Observation, { kind: K }>;

/** Each step happens one millisecond after the one before, unless `at` says otherwise. */
export class History {
  #nowMs = 0;
  #observations: Observation[] = [];
  #ops: Op[] = [];
  #starts = new Map<string, number>();
  #evidence: Partial<Evidence> = {};
  #demands: Demands = NO_DEMANDS;

  at(ms: number): this {
    this.#nowMs = ms;
    return this;
  }

  observe(seen: ObservationInput): this {
    const stamped = { arm: 'subject', service: NOTES.name, atMs: seen.atMs ?? this.#nowMs++, ...seen };
    this.#observations.push(stamped as Observation);
    return this;
  }

  started(...processes: string[]): this {
    for (const process of processes) {
      const incarnation = (this.#starts.get(process) ?? 0) + 1;
      this.#starts.set(process, incarnation);
      this.observe({ kind: 'process-started', process, incarnation, pid: 1_000 + this.#nowMs });
    }
    return this;
  }

  /** One connection of the newest incarnation speaks for itself, as the policy asks unless told otherwise. */
  attested(process: string, says: Partial<ConnectionAttestation> = {}): this {
    const attestation: ConnectionAttestation = {
      ...POLICY,
      pid: 7,
      connection: 1,
      file: '/data/store/notes.db',
      driver: 'better-sqlite3',
      driverVersion: '13.2.0',
      sqliteVersion: '3.54.1',
      sqliteSourceId: '2026-07-01',
      readonly: false,
      ...says,
    };
    return this.observe({ kind: 'attestation', process, incarnation: this.#starts.get(process) ?? 1, attestation });
  }

  /** The harness asked for it and it ended in order. */
  stopped(...processes: string[]): this {
    for (const process of processes)
      this.observe({ kind: 'process-exited', process, exitCode: 0, signal: null, expected: true, lastLines: [] });
    return this;
  }

  killed(...processes: string[]): this {
    for (const process of processes)
      this.observe({
        kind: 'process-exited',
        process,
        exitCode: null,
        signal: 'SIGKILL',
        expected: true,
        lastLines: [],
      });
    return this;
  }

  /** It ended although nobody asked. */
  crashed(process: string, ...lastLines: string[]): this {
    return this.observe({ kind: 'process-exited', process, exitCode: 1, signal: null, expected: false, lastLines });
  }

  startFailed(process: string, message: string, ...lastLines: string[]): this {
    return this.observe({ kind: 'start-failed', process, message, lastLines });
  }

  sqliteError(
    process: string,
    code: string,
    details: { elapsedMs?: number; sql?: string; phase?: string; message?: string } = {},
  ): this {
    return this.observe({
      kind: 'sqlite-error',
      process,
      code,
      message: 'refused',
      elapsedMs: 0,
      sql: 'INSERT INTO notes VALUES (?)',
      phase: 'run',
      ...details,
    });
  }

  slowStatement(process: string, elapsedMs: number): this {
    return this.observe({ kind: 'slow-statement', process, elapsedMs, sql: 'INSERT INTO notes VALUES (?)' });
  }

  header(writeVersion = 2, readVersion = writeVersion, state: DatabaseState = 'open'): this {
    return this.observe({ kind: 'header', state, writeVersion, readVersion });
  }

  probed(journalMode = 'wal', state: DatabaseState = 'open'): this {
    return this.observe({
      kind: 'probe',
      state,
      journalMode,
      sqliteVersion: '3.54.1',
      sqliteSourceId: '2026-07-01',
    });
  }

  /** Which of `wal`, `shm` and `journal` exist. */
  sidecars(state: DatabaseState, ...present: ('wal' | 'shm' | 'journal')[]): this {
    const bytes = (file: 'wal' | 'shm' | 'journal') => (present.includes(file) ? 4_096 : null);
    return this.observe({
      kind: 'sidecars',
      state,
      walBytes: bytes('wal'),
      shmBytes: bytes('shm'),
      journalBytes: bytes('journal'),
    });
  }

  integrity(source: 'live' | 'copy', integrityCheck: string[] = ['ok'], foreignKeyCheck: string[] = []): this {
    return this.observe({ kind: 'integrity', source, integrityCheck, foreignKeyCheck });
  }

  traffic(atMs: number, endedAtMs: number): this {
    return this.observe({ kind: 'traffic', atMs, endedAtMs, clients: 4 });
  }

  fault(fault: string, target: string, atMs: number, healedAtMs: number, tookEffect = true): this {
    return this.observe({ kind: 'fault', fault, target, atMs, healedAtMs, tookEffect, proof: 'pid 7 → 8' });
  }

  call(outcome: Outcome, name: string, key?: string, value?: string, details: CallDetails = {}): this {
    const { client = 'sender-1', kind = 'write', tookMs = 1, error } = details;
    this.#ops.push({
      arm: 'subject',
      service: NOTES.name,
      index: this.#ops.length,
      client,
      kind,
      name,
      ...(key === undefined ? {} : { key }),
      ...(value === undefined ? {} : { value }),
      calledAtMs: this.#nowMs,
      returnedAtMs: this.#nowMs + tookMs,
      outcome,
      ...(error === undefined ? {} : { error }),
    });
    this.#nowMs += tookMs;
    return this;
  }

  /** A call for each outcome, by name, key and value. */
  ok(name: string, key?: string, value?: string, details?: CallDetails): this {
    return this.call('ok', name, key, value, details);
  }

  info(name: string, key?: string, value?: string, details?: CallDetails): this {
    return this.call('info', name, key, value, details);
  }

  refused(name: string, key?: string, value?: string, details?: CallDetails): this {
    return this.call('fail', name, key, value, details);
  }

  /** What the service returned at the end: value by key, or `[value, count]`. */
  finalRead(of: string, found: Record<string, string | [string, number]>): this {
    const items = Object.entries(found).map(([key, what]) =>
      typeof what === 'string' ? { key, value: what, count: 1 } : { key, value: what[0], count: what[1] },
    );
    return this.observe({ kind: 'final-read', of, items });
  }

  demanding(demands: Partial<Demands>): this {
    this.#demands = { ...this.#demands, ...demands };
    return this;
  }

  as(evidence: Partial<Evidence>): this {
    this.#evidence = { ...this.#evidence, ...evidence };
    return this;
  }

  /** The same history, but each observation of a kind is another. */
  but<K extends Kind>(kind: K, change: (seen: Seen<K>) => Partial<Seen<K>>): this {
    this.#observations = this.#observations.map((seen) =>
      seen.kind === kind ? ({ ...seen, ...change(seen as Seen<K>) } as Observation) : seen,
    );
    return this;
  }

  /** The same history without the observations of a kind (that match). */
  without<K extends Kind>(kind: K, matches: (seen: Seen<K>) => boolean = () => true): this {
    this.#observations = this.#observations.filter((seen) => seen.kind !== kind || !matches(seen as Seen<K>));
    return this;
  }

  withoutOps(matches: (op: Op) => boolean): this {
    this.#ops = this.#ops.filter((op) => !matches(op));
    return this;
  }

  evidence(): Evidence {
    return {
      service: NOTES,
      arm: 'subject',
      variant: 'patched',
      ops: this.#ops,
      observations: this.#observations,
      demands: this.#demands,
      ...this.#evidence,
    };
  }
}

export function history(): History {
  return new History();
}

/** A complete run in which nothing goes wrong: `host` is restarted, `agent` is killed, all under traffic. */
export function goodRun(): History {
  const run = history().started('host', 'agent').attested('host').attested('agent').sidecars('open', 'wal', 'shm');
  const kept: Record<string, string> = {};
  const calls = (fromMs: number): void => {
    run.at(fromMs);
    for (const nth of [1, 2, 3]) {
      kept[`n${fromMs}-${nth}`] = `note ${nth}`;
      run.ok('add-note', `n${fromMs}-${nth}`, `note ${nth}`).ok('list-notes', undefined, undefined, { kind: 'read' });
    }
  };
  calls(110);
  run.at(305).call('info', 'list-notes', undefined, undefined, { kind: 'read', tookMs: 30 });
  run.at(310).stopped('host').started('host').attested('host').sidecars('open', 'wal', 'shm');
  run.fault('restart', 'host', 300, 400);
  calls(410);
  run.at(605).call('info', 'list-notes', undefined, undefined, { kind: 'read', tookMs: 30 });
  run.at(610).killed('agent').started('agent').attested('agent');
  run.fault('kill', 'agent', 600, 700);
  calls(710);
  run.traffic(100, 900);
  run.at(1_000).probed().integrity('live').finalRead('add-note', kept);
  run.at(1_100).stopped('agent', 'host').sidecars('stopped').header(2, 2, 'stopped').integrity('copy');
  return run.demanding({
    okOps: 18,
    okOpsAroundFault: 6,
    faults: ['restart', 'kill'],
    control: true,
    controlResult: { variant: 'unpatched', busy: 3, lostWrites: 0, okOps: 20 },
  });
}

/** The proof that a finding code works: a history that shows it and a near one that does not. */
export interface RedAndGreen {
  checker: Checker;
  /** Why the red history must fail by this code. */
  story: string;
  red: () => History;
  /** Passes the check altogether. */
  green: () => History;
}

export function codesOf(result: CheckResult): FindingCode[] {
  return result.findings.map((finding) => finding.code);
}

/** Judges a history by one check. */
export function check(checker: Checker, told: History): CheckResult {
  return checker.check(told.evidence());
}
