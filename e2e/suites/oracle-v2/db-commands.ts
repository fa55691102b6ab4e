import type { Attestation } from '../../../fixtures/service-kit/src/attest.ts';

/** What a worker does on command. Two kinds of connections: the db module's own, and a plain one without any policy. */
export type WorkerCommands = {
  /** Opens through the db module at the given wall clock time, migrates when a folder is given, and attests both connections. */
  open(file: string, migrations: string | null, atMs: number): Attestation[];
  close(): null;
  /** A write transaction of the db module. */
  write(key: string, value: string): null;
  /** A transaction that reads, writes `hasReadFile`, waits for `goOnFile` and then writes. `own-default` is Drizzle's own. */
  readThenWrite(kind: 'raw' | 'drizzle' | 'own-default', key: string, hasReadFile: string, goOnFile: string): null;
  plainOpen(file: string, timeoutMs: number): null;
  plainExec(source: string): null;
  plainClose(): null;
  /** Begins with the given statement, and rolls back by itself after `holdMs`. */
  holdFor(begin: string, holdMs: number): null;
  readUntil(file: string, stopFile: string): { reads: number };
};

export interface WorkerCommand {
  id: number;
  name: keyof WorkerCommands;
  args: unknown[];
}

/** `code` looks through Drizzle's wrapping, `ownCode` is the error's own. */
export type Outcome<T> =
  | { ok: true; value: T; elapsedMs: number }
  | { ok: false; code: string; message: string; ownCode: string | null; elapsedMs: number };
