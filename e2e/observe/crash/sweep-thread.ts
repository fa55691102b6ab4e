/** A thread that sweeps one range after the other; see `sweep-pool.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../model/errors.ts';
import type { Snapshot } from './snapshot.ts';
import { type Range, type RangeResult, type SweepOptions, sweepRange } from './sweep-range.ts';

export interface RangeOrder {
  snapshot: Snapshot;
  range: Range;
}

export type RangeAnswer = { result: RangeResult } | { problem: string };

const options = workerData as SweepOptions;
parentPort?.on('message', ({ snapshot, range }: RangeOrder) => {
  parentPort?.postMessage(answerTo(snapshot, range));
});

function answerTo(snapshot: Snapshot, range: Range): RangeAnswer {
  try {
    return { result: sweepRange(snapshot, range, options) };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}
