import type { FinalRead, ObservationInput } from './observation.ts';
import type { OpKind, Outcome } from './op.ts';
import type { ServiceDefinition } from './service.ts';
import type { Stack } from './stack.ts';

/** A call as traffic describes it; the recorder adds arm, service, index and times. */
export interface Call {
  client: string;
  kind: OpKind;
  name: string;
  key?: string;
  value?: string;
}

/** How a call ended. */
export interface CallResult {
  outcome: Outcome;
  status?: number;
  error?: { code: string; message: string };
}

/** Writes ops and observations down, in memory and in the bundle. */
export interface Recorder {
  /** Times the call and records it as an op; `send` never throws, a lost reply is outcome `info`. */
  op(call: Call, send: () => Promise<CallResult>): Promise<CallResult>;
  observe(seen: ObservationInput): void;
  /** Milliseconds since the start of the run. */
  nowMs(): number;
}

export interface TrafficOptions {
  seed: number;
  /** Writing clients; twice as many readers run beside them. */
  clients: number;
  /** Calls per second of all clients of the service together; 0 is as fast as replies come. */
  ratePerSecond: number;
}

export interface TrafficContext extends TrafficOptions {
  stack: Stack;
  recorder: Recorder;
  /** Aborted when the traffic is to end; calls in flight are finished and recorded. */
  signal: AbortSignal;
}

/** Seeded load on one service, and the read that says at the end what the service kept. */
export interface Traffic {
  run(context: TrafficContext): Promise<void>;
  finalRead(stack: Stack): Promise<Omit<FinalRead, 'arm' | 'service' | 'atMs'>[]>;
}

/** A service with its traffic: what a scenario names. */
export interface ServiceUnderTest {
  definition: ServiceDefinition;
  traffic: Traffic;
}

export interface FaultContext {
  stack: Stack;
  recorder: Recorder;
  /** The process to hit. */
  target: string;
}

/** What a fault did. It is over, and healed, when this is returned. */
export interface FaultEffect {
  tookEffect: boolean;
  proof: string;
}

/** Something done to the stack. It heals itself, also when it fails half-way. */
export interface Fault {
  name: string;
  title: string;
  run(context: FaultContext): Promise<FaultEffect>;
}

/** What a run does to its services, and what it must have done before a pass means anything. */
export interface Scenario {
  name: string;
  /** The guarantee in one sentence. */
  claim: string;
  services: readonly ServiceUnderTest[];
  traffic: TrafficOptions;
  /** How long traffic runs at least; it goes on until every fault has healed. */
  durationMs: number;
  faults: readonly Fault[];
  /** Null runs no control: then a pass is not possible where one is owed. */
  control: { durationMs: number } | null;
  /** Acknowledged ops over the whole run, and between any two faults. */
  exercised: { okOps: number; okOpsAroundFault: number };
}
