/**
 * One call of the traffic, from the moment it left until its reply came or was lost.
 *
 * `ok`   the service acknowledged it (a 2xx reply was read to its end)
 * `fail` the service refused it: it certainly did not happen
 * `info` the reply was lost (connection cut, timeout, 5xx after the write may have begun): it may or may not have happened
 */
export type Outcome = 'ok' | 'fail' | 'info';

/**
 * `write`  creates something under a key of its own; it must be found again exactly once
 * `update` sets the value of an existing key; only one client at a time writes a given key
 * `read`   changes nothing the checkers compare
 */
export type OpKind = 'write' | 'update' | 'read';

/** Which half of a run produced a record: the control variant or the db module under judgement. */
export type Arm = 'control' | 'subject';

export interface Op {
  arm: Arm;
  service: string;
  /** Position in the order of calls within arm and service, from 0. */
  index: number;
  /** e.g. `sender-2`; calls of one client never overlap. */
  client: string;
  /** The process it was sent to. */
  target?: string;
  kind: OpKind;
  /** What was asked, e.g. `post-message`, `learn`, `search`. */
  name: string;
  /** Identity of what a write or update touches; absent for reads. */
  key?: string;
  /** What was written, short enough to print. */
  value?: string;
  /** Milliseconds since the start of the run, from a monotonic clock. */
  calledAtMs: number;
  returnedAtMs: number;
  outcome: Outcome;
  /** HTTP status, absent when no reply was read. */
  status?: number;
  /** Why it is not `ok`: a stable code (SQLite's extended name, `ECONNRESET`, `HTTP_503`, …) and the text seen. */
  error?: { code: string; message: string };
}
