import type { Fault } from '../model/scenario.ts';
import { askHealth, healthUrl } from './health.ts';
import { isAnother, keepRunning, shown } from './running.ts';
import { keepFor } from './wait.ts';

/** How long the old and the new incarnation work side by side. */
const TOGETHER_MS = 500;

/** The new incarnation is up before the old one stops: two of one process write one database for a while. */
export const rollingRestart: Fault = {
  name: 'rolling-restart',
  title: 'one process is replaced by a new incarnation that runs beside it first',
  needsOwnNetwork: true,
  run: ({ stack, target }) =>
    keepRunning(stack, async () => {
      const before = await stack.identity(target);
      const answers: (number | null)[] = [];
      const exit = await stack.replace(target, async ({ older, newer }) => {
        await keepFor(TOGETHER_MS);
        const asked = [older, newer].map(({ baseUrl }) => askHealth(healthUrl(stack, target, baseUrl)));
        answers.push(...(await Promise.all(asked)));
      });
      const after = await stack.identity(target);
      const bothUp = answers.length === 2 && answers.every((status) => status === 200);
      const how = exit.signal ?? `exit ${exit.exitCode}`;
      return {
        tookEffect: bothUp && exit.exitCode === 0 && isAnother(before, after),
        proof: `${shown(before)} and ${shown(after)} healthy together: ${bothUp}; then the first ended with ${how}`,
      };
    }),
};
