/** Small histories for the tests of checkers, told in the order of time. */
import type { CrashImagesSeen } from '../../model/crash.ts';
import type {
  ConnectionAttestation,
  DatabaseFile,
  DatabaseState,
  HealthProbeSeen,
  ProcessExited,
  WalHeader,
  WalIndex,
} from '../../model/observation.ts';
import { POLICY } from './notes.ts';
import { Timeline } from './timeline.ts';

/** The only generation of the WAL that a good history knows. */
const SALTS: [string, string] = ['00c0ffee', '0badcafe'];
const HEADER: WalHeader = {
  magic: 0x377f0682,
  formatVersion: 3_007_000,
  pageSize: 4_096,
  checkpointSequence: 0,
  salts: SALTS,
  checksumHolds: true,
};
const INDEX: WalIndex = { pageSize: 4_096, frames: 30, checkpointed: 10, salts: SALTS };
const INODES: Record<DatabaseFile, number> = { db: 11, '-wal': 12, '-shm': 13 };

export class History extends Timeline {
  #starts = new Map<string, number>();

  started(...processes: string[]): this {
    for (const process of processes) {
      const incarnation = (this.#starts.get(process) ?? 0) + 1;
      this.#starts.set(process, incarnation);
      this.observe({ kind: 'process-started', process, incarnation, pid: 1_000 + incarnation });
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
    for (const process of processes) this.closed(process).exited(process, { exitCode: 0 });
    return this;
  }

  /** What it says of its database when it is asked to stop, in the moment before it ends. */
  closed(process: string, clean = true, incarnation = this.#starts.get(process) ?? 1): this {
    return this.observe({ kind: 'database-closed', process, incarnation, clean, atMs: this.nowMs });
  }

  killed(...processes: string[]): this {
    for (const process of processes) this.exited(process, { signal: 'SIGKILL' });
    return this;
  }

  /** It ended although nobody asked. */
  crashed(process: string, ...lastLines: string[]): this {
    return this.exited(process, { exitCode: 1, expected: false, lastLines });
  }

  /** The newest incarnation ended, as asked, unless told otherwise. */
  exited(process: string, how: Partial<Omit<ProcessExited, 'kind' | 'process'>>): this {
    const incarnation = this.#starts.get(process) ?? 1;
    const ended = { incarnation, exitCode: null, signal: null, expected: true, lastLines: [] };
    return this.observe({ kind: 'process-exited', process, ...ended, ...how });
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

  /** FTS5's own check on a copy; sound unless it complains. */
  fullText(...complaints: string[]): this {
    const fullText = [{ table: 'notes_fts', complaints }];
    return this.observe({ kind: 'integrity', source: 'copy', integrityCheck: ['ok'], foreignKeyCheck: [], fullText });
  }

  /** Commits of a copy, none of which leaves a half, unless rows say so. */
  commits(commits = 20, ...rows: string[]): this {
    return this.observe({ kind: 'commits', commits, torn: rows.length === 0 ? [] : [{ frame: 7, rows }] });
  }

  /** Images of a copy whose frames hold what was acknowledged last, one commit after the other; all recovered, unless told otherwise. */
  crashImages(of: string, keys: readonly string[], says: Partial<CrashImagesSeen> = {}): this {
    const later = keys.slice(1).map((key, n) => ({ commit: 3 * (n + 1), keys: [key] }));
    return this.observe({
      kind: 'crash-images',
      copiedAtMs: this.nowMs,
      synchronous: 1,
      frames: 3 * keys.length,
      synced: 0,
      commits: keys.length,
      images: { boundary: 500, torn: 200, garbled: 200, reordered: 200 },
      asCopied: 30,
      states: keys.length,
      failures: 0,
      failed: [],
      keys: [{ of, before: keys.slice(0, 1), later, vanished: [] }],
      elapsedMs: 1_000,
      ...says,
    });
  }

  /** The newest incarnation says which files it holds; by default those that lie beside the database. */
  holds(process: string, inodes: Partial<Record<DatabaseFile, number>> = INODES, deleted: DatabaseFile[] = []): this {
    const files = (Object.entries(inodes) as [DatabaseFile, number][]).map(([file, inode]) => ({
      file,
      inode,
      deleted: deleted.includes(file),
    }));
    return this.observe({ kind: 'open-files', process, incarnation: this.#starts.get(process) ?? 1, files });
  }

  /** A look at the files from outside. */
  sampled(index: Partial<WalIndex> | null = {}, inodes: Partial<Record<DatabaseFile, number>> = INODES): this {
    const seen = index && { ...INDEX, ...index };
    return this.observe({ kind: 'wal-sample', tookMs: 0, walBytes: 4_096, inodes, index: seen });
  }

  walHeader(header: Partial<WalHeader> = {}, index: Partial<WalIndex> = {}, state: DatabaseState = 'open'): this {
    return this.observe({
      kind: 'wal-header',
      state,
      bytes: 8_272,
      header: { ...HEADER, ...header },
      databasePageSize: 4_096,
      index: { ...INDEX, ...index },
    });
  }

  /** The newest incarnation begins to watch its event loop. */
  watched(...processes: string[]): this {
    for (const process of processes)
      this.observe({ kind: 'loop-watched', process, incarnation: this.#starts.get(process) ?? 1 });
    return this;
  }

  stalled(process: string, durationMs: number, starvedMs: number | null = 0): this {
    const incarnation = this.#starts.get(process) ?? 1;
    return this.observe({ kind: 'loop-stalled', process, incarnation, durationMs, starvedMs });
  }

  machineStalled(durationMs: number): this {
    return this.observe({ kind: 'machine-stalled', durationMs });
  }

  probedHealth(process: string, tookMs: number, details: Partial<HealthProbeSeen> = {}): this {
    const { healthy = true, seen = 'HTTP 200', starvedMs = 0, proberLateMs = 0 } = details;
    return this.observe({ kind: 'health-probe', process, tookMs, healthy, seen, starvedMs, proberLateMs });
  }

  health(process: string, atMs: number, endedAtMs: number, healthy = 40): this {
    const tookMs = { p50: 2, p99: 20, max: 30 };
    return this.observe({ kind: 'health-summary', process, atMs, endedAtMs, probes: 40, healthy, tookMs });
  }

  /** How often the service answered each key at the end. */
  delivered(of: string, counts: Record<string, number>): this {
    const answers = Object.entries(counts).map(([key, count]) => ({ key, count }));
    return this.observe({ kind: 'delivery-read', of, answers, waitedMs: 100, deadlineMs: 20_000 });
  }

  /** How often a search found each key; listed once, unless told as `[listed, found]`. */
  searched(
    of: string,
    counts: Record<string, number | [number, number]>,
    rows?: { documents: number; texts: number },
  ): this {
    const items = Object.entries(counts).map(([key, count]) =>
      typeof count === 'number' ? { key, listed: 1, found: count } : { key, listed: count[0], found: count[1] },
    );
    const counted = rows === undefined ? {} : { rows };
    return this.observe({ kind: 'search-read', of, items, ...counted, unasked: 0, elapsedMs: 100 });
  }

  integrity(source: 'live' | 'copy', integrityCheck: string[] = ['ok'], foreignKeyCheck: string[] = []): this {
    return this.observe({ kind: 'integrity', source, integrityCheck, foreignKeyCheck });
  }

  traffic(atMs: number, endedAtMs: number): this {
    return this.observe({ kind: 'traffic', atMs, endedAtMs, clients: 4 });
  }

  fault(
    fault: string,
    target: string,
    atMs: number,
    healedAtMs: number,
    tookEffect = true,
    provokes: readonly string[] = [],
  ): this {
    const proof = 'pid 7 → 8';
    return this.observe({ kind: 'fault', fault, target, atMs, healedAtMs, tookEffect, proof, provokes });
  }

  /** What the service returned at the end: value by key, or `[value, count]`. */
  finalRead(of: string, found: Record<string, string | [string, number]>): this {
    const items = Object.entries(found).map(([key, what]) =>
      typeof what === 'string' ? { key, value: what, count: 1 } : { key, value: what[0], count: what[1] },
    );
    return this.observe({ kind: 'final-read', of, items });
  }
}

export function history(): History {
  return new History();
}
