/** What recording costs an op: the recorder around a call that does nothing, against that call alone. */
import { ArmRecorder } from '../../observe/recorder.ts';

const nothing = () => undefined;

/** In µs per op: one figure for each round, the first of which only warm up. */
export async function recordingCosts(rounds: number, ops: number): Promise<number[]> {
  const costs: number[] = [];
  const warm = 3;
  for (let round = 0; round < rounds + warm; round++) {
    const recorder = new ArmRecorder('subject', 'notes', { op: nothing, observation: nothing }, performance.now());
    const call = { client: 'client-1', target: 'notes', kind: 'write', name: 'add', key: 'k', value: 'v' } as const;
    const send = async () => ({ outcome: 'ok', status: 200 }) as const;
    const bareMs = await time(ops, send);
    const recordedMs = await time(ops, () => recorder.op(call, send));
    if (round >= warm) costs.push((1_000 * (recordedMs - bareMs)) / ops);
  }
  return costs;
}

async function time(ops: number, work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  for (let n = 0; n < ops; n++) await work();
  return performance.now() - startedAt;
}
