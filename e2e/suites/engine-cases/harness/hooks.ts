import type { Stack, StackOptions } from '../../../model/stack.ts';
import type { TinyMode } from './definition.ts';

/** What only an engine's own test file can tell the shared cases. */
export interface EngineHooks {
  /** What this machine still holds of a run: folders, processes, containers, volumes, networks. One line for each. */
  leftBehind(runId: string): Promise<string[]>;
  /** A program that calls `leaveBehind` with this engine and its own arguments. */
  leaver: URL;
}

/** Creates a stack of the tiny service, not started, with a run id of its own. */
export type CreateTiny = (modes: Record<string, TinyMode>, options?: Partial<StackOptions>) => Promise<Stack>;
