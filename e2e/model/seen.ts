import type { Arm } from './op.ts';

export interface Seen {
  arm: Arm;
  service: string;
  /** Milliseconds since the start of the run. */
  atMs: number;
}

/** `open` some process has the file open · `stopped` all closed cleanly · `killed` all were killed · `restarted` open again after either. */
export type DatabaseState = 'open' | 'stopped' | 'killed' | 'restarted';
