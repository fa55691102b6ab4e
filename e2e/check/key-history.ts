import type { Op } from '../model/op.ts';
import type { FindingCode } from '../model/verdict.ts';

/** What of an op decides about its key. A number may stand for a text, if equal ones stand for equal texts. */
export interface KeyOp extends Pick<Op, 'kind' | 'outcome' | 'index' | 'calledAtMs' | 'returnedAtMs'> {
  client: string | number;
  value?: string | number | undefined;
}

/** What a final read returned for a key, over all its items. */
export interface FoundKey<Value extends string | number = string> {
  value: Value;
  /** How often the service returned the key. */
  count: number;
}

export type KeyFault = Extract<FindingCode, 'lost-write' | 'duplicate-write' | 'unexpected-write'>;

/**
 * Judges one key: `ops` are all writes and updates of it, in any order; `found` is undefined when the final read did not
 * return it. Null when what was found can be explained. Linear in the number of ops.
 */
export function judgeKey(ops: readonly KeyOp[], found: FoundKey<string | number> | undefined): KeyFault | null {
  const acknowledged = ops.some((op) => op.outcome === 'ok');
  if (found === undefined || found.count === 0) return acknowledged ? 'lost-write' : null;
  if (found.count > 1) return 'duplicate-write';
  const isRegister = ops.some((op) => op.kind === 'update');
  // Nobody here created it, and no update certainly happened: what it held before is unknown.
  if (isRegister && !acknowledged && ops.every((op) => op.kind === 'update')) return null;

  const fitting = ops.filter((op) => op.outcome !== 'fail' && (op.value === undefined || op.value === found.value));
  if (!isRegister && fitting.length > 0) return null;
  const isOverwritten = overwrittenIn(ops);
  if (fitting.some((op) => !isOverwritten(op))) return null;
  return fitting.length > 0 ? 'lost-write' : 'unexpected-write';
}

/**
 * Whether an op's value was certainly replaced: an acknowledged op began after it had been acknowledged. An op whose reply
 * was lost stays open (it may still be waiting in a frozen process), so nothing ever certainly replaced it.
 */
function overwrittenIn(ops: readonly KeyOp[]): (op: KeyOp) => boolean {
  let lastCalledAtMs = Number.NEGATIVE_INFINITY;
  const lastIndexOf = new Map<KeyOp['client'], number>();
  for (const op of ops) {
    if (op.outcome !== 'ok') continue;
    lastCalledAtMs = Math.max(lastCalledAtMs, op.calledAtMs);
    lastIndexOf.set(op.client, Math.max(lastIndexOf.get(op.client) ?? -1, op.index));
  }
  return (op) => {
    if (op.outcome !== 'ok') return false;
    // Calls of one client never overlap, so its own order counts even within one millisecond.
    return lastCalledAtMs > op.returnedAtMs || (lastIndexOf.get(op.client) ?? -1) > op.index;
  };
}
