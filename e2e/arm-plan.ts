import type { Demands } from './model/evidence.ts';
import type { Arm } from './model/op.ts';
import type { FaultStep, ServiceUnderTest, TrafficOptions } from './model/scenario.ts';
import type { Engine } from './model/stack.ts';
import type { Stage } from './model/timeline.ts';
import type { ArmRecorder, RecordSink } from './observe/recorder.ts';

/** What one arm is asked to do, and whom it tells. */
export interface ArmPlan {
  arm: Arm;
  service: ServiceUnderTest;
  engine: Engine;
  runId: string;
  variant: string;
  /** Absolute path of the file in the db module's place; the module itself when null. */
  dbModule: string | null;
  traffic: TrafficOptions;
  durationMs: number;
  /** Whether a control is loaded as soon as two processes are up, and gets more only as needed. Default: all are up before. */
  loadsEarly?: boolean;
  /** Traffic goes on beyond the duration until it is enough. Default: the duration alone. */
  isEnough?(recorder: ArmRecorder): boolean;
  /** For how much longer at most. Default 20 000. */
  patienceMs?: number;
  /** Part of the duration that passes before the first fault. */
  calmMs: number;
  faults: readonly FaultStep[];
  demands: Demands;
  sink: RecordSink & {
    log(arm: Arm, process: string, line: string): void;
    databaseFolder(service: string): Promise<string>;
  };
  startedAt: number;
  signal: AbortSignal;
  /** Told at every step, with the recorder for its running totals. */
  onStage(stage: Stage, recorder: ArmRecorder): void;
  /** Where arms follow each other on one machine. Absent: everything at once. */
  turn?: Turn;
  /** Asked between two steps, where nothing is half done: true ends the arm there, in order. Default: never. */
  isOver?(): boolean;
}

/**
 * An arm's place among others. Only the load needs the machine for itself: a stack may come up while the arm before it is
 * read and stopped.
 */
export interface Turn {
  mayStart: Promise<void>;
  mayLoad: Promise<void>;
  /** Called when the load begins, and when it is over. */
  loadBegan(): void;
  loadEnded(): void;
}

export type Enter = (kind: Stage['kind'], what: string) => void;
