/** Where the time of an acknowledged write goes. Pure: figures in, shares out. */

export type Totals = Record<'begin' | 'commit' | 'other', { count: number; seconds: number }>;

/** All in ms per acknowledged write. The parts add up to the whole. */
export interface Split {
  /** From the client's call to its reply, with every writer at work: the mean. */
  latencyMs: number;
  /**
   * A call of the same body and route that is refused when all of it has been read and checked, so that no database takes part: one
   * client, nobody else. Both ends of the connection, routing and validation, without JSON.
   */
  httpMs: number;
  /** JSON.parse of the body and JSON.stringify of the reply, by themselves, on both ends. */
  jsonMs: number;
  /** The file that a write leaves before it is answered, by itself: Oracle's learning. 0 for NanoClaw. */
  filesMs: number;
  /** A BEGIN IMMEDIATE in the serving database process, under load: it does nothing but wait for the write lock. */
  lockWaitMs: number;
  /** A COMMIT there. Checkpoints that fall to it are in it. */
  commitMs: number;
  /** The write's other statements, as the bare connection runs them: in the service they cannot be told from those of other work. */
  statementsMs: number;
  /**
   * The rest, which cannot be measured apart: the hop to the database process and back, waiting for the calls before this one in
   * either process, and for a core while other processes of the service have them.
   */
  otherMs: number;
}

export function splitOf(measured: Omit<Split, 'otherMs'>): Split {
  const { latencyMs, ...parts } = measured;
  const known = Object.values(parts).reduce((sum, each) => sum + each, 0);
  return { ...measured, otherMs: latencyMs - known };
}

/** Of a statement of this kind, in ms; 0 when none ran. */
export function meanMs({ count, seconds }: Totals['begin']): number {
  return count === 0 ? 0 : (1_000 * seconds) / count;
}
