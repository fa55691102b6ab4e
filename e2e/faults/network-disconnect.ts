import type { Fault } from '../model/scenario.ts';
import { askHealth, healthUrl } from './health.ts';
import { keepRunning, shown } from './running.ts';
import { keepFor, until } from './wait.ts';

const APART_MS = 1_000;
const BACK_MS = 10_000;

/** The traffic loses a process that runs on: what it had in hand is committed, and the reply is lost. */
export const networkDisconnect: Fault = {
  name: 'network-disconnect',
  title: `one process is cut off from the traffic for ${APART_MS} ms`,
  targets: (processes) => processes.filter(({ servesTraffic }) => servesTraffic).map(({ name }) => name),
  cannot: {
    process: 'traffic reaches a plain process over the loopback interface, from which nothing can be unplugged',
  },
  needsOwnNetwork: true,
  run: ({ stack, target }) =>
    keepRunning(stack, async () => {
      const { containers } = stack;
      if (containers === null) return { tookEffect: false, proof: 'no container to disconnect' };
      const before = await stack.identity(target);
      let apart: number | null = null;
      await containers.disconnect(target);
      try {
        apart = await askHealth(healthUrl(stack, target));
        await keepFor(APART_MS);
      } finally {
        if (stack.isRunning(target)) await containers.connect(target);
      }
      const back = await until(async () => (await askHealth(healthUrl(stack, target))) === 200, BACK_MS);
      const after = await stack.identity(target);
      const ranOn = before !== null && before.incarnation === after?.incarnation;
      return {
        tookEffect: apart === null && back && ranOn,
        proof: `${shown(before)} ran on: ${ranOn}; health ${apart ?? 'out of reach'}, then ${back ? 200 : 'out of reach'}`,
      };
    }),
};
