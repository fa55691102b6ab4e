import type { ObservationInput } from './observation.ts';
import type { Op, OpKind, Outcome } from './op.ts';
import type { ProcessDefinition, ServiceDefinition } from './service.ts';
import type { EngineName, Reachable, Stack } from './stack.ts';

/** A call as traffic describes it; the recorder adds arm, service, index and times. */
export interface Call {
  client: string;
  target?: string;
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
  /** Writing clients. */
  clients: number;
  /** Reading clients beside them. Default: twice the writing ones. */
  readers?: number;
  /** Calls per second of all clients of the service together; 0 is as fast as replies come. */
  ratePerSecond: number;
}

export interface TrafficContext extends TrafficOptions {
  stack: Reachable;
  recorder: Recorder;
  /** Aborted when the traffic is to end; calls in flight are finished and recorded. */
  signal: AbortSignal;
}

/** Seeded load on one service, and the read that says at the end what the service kept. */
export interface Traffic {
  /** Names what every client will ask, in its order; equal for equal options, whatever the service answers. */
  opSequenceHash(options: Pick<TrafficOptions, 'seed' | 'clients' | 'readers'>): string;
  run(context: TrafficContext): Promise<void>;
  finalRead(context: FinalReadContext): Promise<ReadInput[]>;
}

export type ReadInput = Extract<ObservationInput, { kind: 'final-read' | 'delivery-read' | 'search-read' }>;

export interface FinalReadContext {
  stack: Reachable;
  /** What was sent to this service; a read that looks for each key of its own needs to know them. */
  ops: readonly Op[];
  /** Only what was kept, without waiting for what is still owed: enough for a control, which is not judged by it. */
  keptOnly: boolean;
  /** Aborted when nobody waits for the answer any more; the read then fails with its reason. */
  signal: AbortSignal;
}

/** A service with its traffic: what a scenario names. */
export interface ServiceUnderTest {
  definition: ServiceDefinition;
  traffic: Traffic;
}

export interface FaultContext {
  stack: Stack;
  recorder: Recorder;
  /** What to hit: a process, or what the fault's `targets` names. */
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
  /** What it can be aimed at; each process when omitted. */
  targets?(processes: readonly ProcessDefinition[]): readonly string[];
  /** Why an engine cannot do it. One that is not named can. */
  cannot?: Readonly<Partial<Record<EngineName, string>>>;
  /** Extended result codes of SQLite by name that it is meant to provoke while it lasts. Any other stays a finding. */
  provokes?: readonly string[];
  /** It ends processes by SIGKILL, so the run owes a look at what all of them leave when they are killed together. */
  kills?: true;
  /** Each process needs a place of its own on the network: it unplugs one, or has two of one process listen at once. */
  needsOwnNetwork?: true;
  /** It needs a data folder on a filesystem of this size. */
  dataLimitBytes?: number;
  run(context: FaultContext): Promise<FaultEffect>;
}

/** A fault with how often it strikes and how far apart. */
export interface FaultStep {
  fault: Fault;
  /** How often, on targets drawn from the seed. Null: once on each target in turn; with `everyMs`, all through the run. */
  times: number | null;
  /** From one strike to the next. Null: as soon as the traffic has settled. */
  everyMs: number | null;
}

/** What a run does to its services, and what it must have done before a pass means anything. */
export interface Scenario {
  name: string;
  /** The guarantee in one sentence. */
  claim: string;
  services: readonly ServiceUnderTest[];
  /** Whether the services are judged at the same time. One after the other each has the machine to itself. */
  sideBySide: boolean;
  traffic: TrafficOptions;
  /** How long traffic runs at least; it goes on until every fault has healed. */
  durationMs: number;
  /** Part of it that passes before the first fault, so that the run shows what the service does undisturbed. */
  calmMs: number;
  faults: readonly FaultStep[];
  /** Null runs no control: then a pass is not possible where one is owed. */
  control: { durationMs: number } | null;
  /** Acknowledged ops over the whole run, and between any two faults. */
  exercised: { okOps: number; okOpsAroundFault: number };
  /** Crash images that each service must have at least; none are made when omitted. */
  crashImages?: { least: number };
}
