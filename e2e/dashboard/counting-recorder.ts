import { messageOf } from '../model/errors.ts';
import type { Call, CallResult, Recorder } from '../model/scenario.ts';
import type { TrafficCounts } from './state.ts';

/** Codes beyond these are counted as one: traffic may run for days against whatever answers. */
const MOST_CODES = 40;

/** Counts what a recorder of a run would write down; it may go on for days. */
export class CountingRecorder implements Recorder {
  readonly counts: TrafficCounts;

  constructor(service: string) {
    this.counts = { service, ok: 0, fail: 0, info: 0, errors: {} };
  }

  async op(_call: Call, send: () => Promise<CallResult>): Promise<CallResult> {
    const result = await send().catch((error: unknown): CallResult => {
      return { outcome: 'info', error: { code: 'TRAFFIC', message: messageOf(error) } };
    });
    const { errors } = this.counts;
    this.counts[result.outcome]++;
    if (result.error !== undefined) {
      const { code } = result.error;
      const counted = code in errors || Object.keys(errors).length < MOST_CODES ? code : 'OTHER';
      errors[counted] = (errors[counted] ?? 0) + 1;
    }
    return result;
  }

  observe(): void {
    // Whoever looks at the services from outside is the observer.
  }

  nowMs(): number {
    return performance.now();
  }
}
