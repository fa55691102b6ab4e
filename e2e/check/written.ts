import type { FinalRead } from '../model/observation.ts';
import type { Op, OpKind, Outcome } from '../model/op.ts';
import { Digest } from './digest.ts';
import { eachKey, NO_ROW, Side } from './key-groups.ts';
import { type FoundKey, judgeKey, type KeyFault, type KeyOp } from './key-history.ts';
import { KeyRows } from './key-rows.ts';

/** No digest is negative. */
const NO_VALUE = -1;
/** Own numbers of a row, in their order. */
const SENT = { value: 0, calledAtMs: 1, returnedAtMs: 2, index: 3 } as const;
const FOUND = { value: 0, count: 1 } as const;

/** The tag of a sent row: outcome, kind and client, from the lowest bit up. */
const OUTCOMES: readonly Outcome[] = ['ok', 'fail', 'info'];
const KINDS: readonly OpKind[] = ['write', 'update'];
const OUTCOME_BITS = 2;
const CLIENT_SHIFT = 3;

const digest = new Digest();

function digestOf(value: string | undefined): number {
  if (value === undefined) return NO_VALUE;
  digest.take(value);
  return digest.number;
}

/** All writes and updates of one name that carry a key, as the numbers that decide about it. */
export class Written {
  readonly #rows = new KeyRows(4);
  readonly #clients = new Map<string, number>();

  add(op: Op, key: string, place: number): void {
    const { outcome, kind, client, value, calledAtMs, returnedAtMs, index } = op;
    let clientId = this.#clients.get(client);
    if (clientId === undefined) {
      clientId = this.#clients.size;
      this.#clients.set(client, clientId);
    }
    const outcomeId = outcome === 'ok' ? 0 : outcome === 'fail' ? 1 : 2;
    const tag = outcomeId | (kind === 'update' ? 1 << OUTCOME_BITS : 0) | (clientId << CLIENT_SHIFT);
    this.#rows.add(key, place, tag, digestOf(value), calledAtMs, returnedAtMs, index);
  }

  /**
   * Tells every fault, in no order, with how often the key was found and two places: that of its first op and that of its first
   * item in the final read, each null where there is none.
   */
  judge(
    read: FinalRead,
    tell: (fault: KeyFault, count: number, sentAt: number | null, foundAt: number | null) => void,
  ): void {
    const sent = new Side(this.#rows);
    const found = new Side(rowsOf(read));
    eachKey(sent, found, (sentRow, foundRow) => {
      const seen = foundRow === NO_ROW ? undefined : foundAs(found, foundRow);
      if (isPlain(sent, sentRow, seen)) return;
      const fault = judgeKey(opsOf(sent, sentRow), seen);
      if (fault === null) return;
      const sentAt = sentRow === NO_ROW ? null : sent.place(sentRow);
      tell(fault, seen?.count ?? 0, sentAt, foundRow === NO_ROW ? null : found.place(foundRow));
    });
  }
}

function rowsOf(read: FinalRead): KeyRows {
  const rows = new KeyRows(2);
  let place = 0;
  for (const { key, value, count } of read.items) rows.add(key, place++, 0, digestOf(value), count);
  return rows;
}

function foundAs(found: Side, first: number): FoundKey<number> {
  const seen = { value: found.number(first, FOUND.value), count: 0 };
  for (let row = first; row !== NO_ROW; row = found.next[row] as number) seen.count += found.number(row, FOUND.count);
  return seen;
}

/** One write that was found once, as sent: nearly every key. What is not plain is judged by the rules. */
function isPlain(sent: Side, row: number, seen: FoundKey<number> | undefined): boolean {
  if (row === NO_ROW || sent.next[row] !== NO_ROW || seen?.count !== 1) return false;
  const tag = sent.tag(row);
  return kindIn(tag) === 'write' && outcomeIn(tag) !== 'fail' && sent.number(row, SENT.value) === seen.value;
}

const kindIn = (tag: number) => KINDS[(tag >> OUTCOME_BITS) & 1] as OpKind;
const outcomeIn = (tag: number) => OUTCOMES[tag & 3] as Outcome;

function opsOf(sent: Side, first: number): KeyOp[] {
  const ops: KeyOp[] = [];
  for (let row = first; row !== NO_ROW; row = sent.next[row] as number) {
    const value = sent.number(row, SENT.value);
    ops.push({
      kind: kindIn(sent.tag(row)),
      outcome: outcomeIn(sent.tag(row)),
      client: sent.tag(row) >>> CLIENT_SHIFT,
      index: sent.number(row, SENT.index),
      value: value === NO_VALUE ? undefined : value,
      calledAtMs: sent.number(row, SENT.calledAtMs),
      returnedAtMs: sent.number(row, SENT.returnedAtMs),
    });
  }
  return ops;
}
