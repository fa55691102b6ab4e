import type Docker from 'dockerode';
import { execute } from './beside.ts';

/**
 * Fills the memory of its control group until the kernel kills somebody. It first makes the container's own program the
 * one to be chosen (proc(5), oom_score_adj): raising the score of a process of the same user needs no privilege, and
 * otherwise this program, by then the largest, would be killed instead.
 */
const PROGRAM = `
  require('node:fs').writeFileSync('/proc/1/oom_score_adj', '1000');
  const taken = [];
  for (;;) taken.push(Buffer.alloc(2 ** 24, 1));
`;

/** Returns when the program has ended: with its whole container, or alone when the kernel chose it. */
export async function exhaustMemory(container: Docker.Container): Promise<void> {
  await execute(container, ['node', '-e', PROGRAM]);
}
