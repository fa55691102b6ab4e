import { messageOf } from '../model/errors.ts';
import type { Observation, ObservationInput } from '../model/observation.ts';
import type { Arm, Op } from '../model/op.ts';
import type { Call, CallResult, Recorder } from '../model/scenario.ts';

/** Where records go besides memory: the run bundle. */
export interface RecordSink {
  op(op: Op): void;
  observation(seen: Observation): void;
}

/** Writes down what happens to one service in one arm. Times come from one monotonic clock for the whole run. */
export class ArmRecorder implements Recorder {
  readonly arm: Arm;
  readonly service: string;
  readonly ops: Op[] = [];
  readonly observations: Observation[] = [];
  /** Running totals for the progress line. */
  okOps = 0;
  busy = 0;
  readonly #sink: RecordSink;
  readonly #startedAt: number;
  #calls = 0;

  /** @param startedAt `performance.now()` at the start of the run. */
  constructor(arm: Arm, service: string, sink: RecordSink, startedAt: number) {
    this.arm = arm;
    this.service = service;
    this.#sink = sink;
    this.#startedAt = startedAt;
  }

  nowMs(): number {
    return Math.round((performance.now() - this.#startedAt) * 100) / 100;
  }

  /** The run's clock at a moment of the wall clock; by their present difference, so that a clock set anew does no harm. */
  runTimeOf(epochMs: number): number {
    return Math.round((this.nowMs() - (Date.now() - epochMs)) * 100) / 100;
  }

  async op(call: Call, send: () => Promise<CallResult>): Promise<CallResult> {
    const index = this.#calls++;
    const calledAtMs = this.nowMs();
    // A bug in the traffic must not look like a refusal by the service, nor end the run without a record.
    const result = await send().catch((error: unknown): CallResult => {
      return { outcome: 'info', error: { code: 'TRAFFIC', message: messageOf(error) } };
    });
    const op: Op = {
      arm: this.arm,
      service: this.service,
      index,
      ...call,
      calledAtMs,
      returnedAtMs: this.nowMs(),
      ...result,
    };
    this.ops.push(op);
    if (op.outcome === 'ok') this.okOps++;
    this.#sink.op(op);
    return result;
  }

  observe(seen: ObservationInput): void {
    const stamped = { arm: this.arm, service: this.service, ...seen, atMs: seen.atMs ?? this.nowMs() } as Observation;
    this.observations.push(stamped);
    if (stamped.kind === 'sqlite-error' && /^SQLITE_(BUSY|LOCKED)/.test(stamped.code)) this.busy++;
    this.#sink.observation(stamped);
  }
}
