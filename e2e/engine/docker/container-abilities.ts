import { setTimeout as delay } from 'node:timers/promises';
import type { LimitFunction } from 'p-limit';
import type { ContainerAbilities, MemoryEnd } from '../../model/stack.ts';
import { until } from '../shared/until.ts';
import { docker, tolerating } from './client.ts';
import { exhaustMemory } from './exhaust-memory.ts';
import { sharedPlace } from './network.ts';
import { asked } from './refusal.ts';
import type { ServiceProcess } from './service-process.ts';

/** A process that the kernel kills is gone long before. */
const OUTLIVED_MS = 5_000;
/** Answers of the daemon when a container has ended meanwhile. */
const ENDED = [404, 409];

export interface ContainersOf {
  /** The network of the stack; null where all processes share one place on it. */
  network: string | null;
  process(name: string): ServiceProcess;
  /** Copies are taken while nothing here is under way. */
  exclusive: LimitFunction;
}

export function containerAbilities({ network, process, exclusive }: ContainersOf): ContainerAbilities {
  return {
    disconnect: (name) =>
      exclusive(async () => {
        const { container } = process(name).requireRunning();
        if (network === null) throw sharedPlace(`take ${name} off its network`);
        const leaving = docker().getNetwork(network).disconnect({ Container: container.id, Force: true });
        await asked(`take ${name} off its network`, leaving);
      }),
    connect: (name) =>
      exclusive(async () => {
        const { container, incarnation } = process(name).requireRunning();
        if (network === null) throw sharedPlace(`put ${name} back on its network`);
        await asked(
          `put ${name} back on its network`,
          docker().getNetwork(network).connect({ Container: container.id }),
        );
        await incarnation.lookUpAddress();
      }),
    exhaustMemory: (name) => exhaust(process(name)),
  };
}

async function exhaust(process: ServiceProcess): Promise<MemoryEnd | null> {
  const { container, incarnation } = process.requireRunning();
  incarnation.expected = true;
  await asked(`run a program in ${process.name}`, tolerating(ENDED, exhaustMemory(container)));
  const exit = await Promise.race([incarnation.ended, delay(OUTLIVED_MS, null, { ref: false })]);
  if (exit === null) {
    incarnation.expected = false;
    return null;
  }
  // The daemon hears of the kill by a way of its own, which can take longer than the end.
  const told = async () => (await container.inspect()).State.OOMKilled === true;
  return { exit, oomKilled: await until(told, { deadlineMs: OUTLIVED_MS }) };
}
