/** Both services as plain processes with traffic, the observer beside them, and the control server: all but containers. */

import { ControlServer } from '../../commands/live/control-server.ts';
import { type Hands, HELD_MS } from '../../commands/live/hands.ts';
import { effectOf, type Held } from '../../commands/live/hold-lock.ts';
import { createProcessEngine } from '../../engine/process/engine.ts';
import { newRunId } from '../../engine/shared/run-id.ts';
import { askBeside, databaseArgument } from '../../faults/beside.ts';
import type { ServiceDefinition } from '../../model/service.ts';
import type { Stack } from '../../model/stack.ts';
import { nanoclaw } from '../../services/nanoclaw.ts';
import { oracleV2 } from '../../services/oracle-v2.ts';
import { freePort, Program } from './program.ts';

const HOLDER = new URL('../../faults/programs/hold-write-lock.ts', import.meta.url);

/** Sixteen programs start at once, and how long that takes is no claim of these tests. */
const START_TIMEOUT_MS = 60_000;

/** Two processes of each are enough for a page, and two cores. */
const FEW: readonly ServiceDefinition[] = [
  few(nanoclaw, ['nanoclaw', 'agent-1']),
  few(oracleV2, ['oracle-1', 'indexer-1']),
];

function few(definition: ServiceDefinition, names: readonly string[]): ServiceDefinition {
  return { ...definition, processes: definition.processes.filter(({ name }) => names.includes(name)) };
}

export interface Stage extends AsyncDisposable {
  observer: Program;
  traffic: Program;
  control: ControlServer;
  stackOf(process: string): Stack;
  /** With the token, as `walproof up` prints it. */
  address: string;
  /** What the hands did, e.g. `variant nanoclaw unpatched`. */
  did: string[];
}

export async function openStage(): Promise<Stage> {
  const rest = new AsyncDisposableStack();
  try {
    const engine = createProcessEngine();
    const runId = newRunId();
    const stacks = await Promise.all(
      FEW.map(async (service) =>
        rest.use(await engine.createStack({ service, runId, startTimeoutMs: START_TIMEOUT_MS })),
      ),
    );
    await Promise.all(stacks.map((stack) => stack.start()));
    const stackOf = (process: string) => stackWith(stacks, process);
    const traffic = rest.use(new Program('traffic-main.ts', await freePort(), { TRAFFIC_TARGETS: targetsOf(stacks) }));
    const did: string[] = [];
    const port = await freePort();
    const hands = handsOn(stacks, traffic, did);
    const control = rest.use(new ControlServer(hands, `http://127.0.0.1:${port}`));
    await control.listen();
    const observer = rest.use(
      new Program('main.ts', port, {
        OBSERVER_CONTROL_PORT: String(control.port),
        OBSERVER_WATCH: JSON.stringify({ trafficUrl: traffic.url, services: await Promise.all(stacks.map(watched)) }),
      }),
    );
    await Promise.all([traffic.start(), observer.start()]);
    const address = `${observer.url}/#token=${control.token}`;
    return { observer, traffic, control, stackOf, address, did, [Symbol.asyncDispose]: () => rest.disposeAsync() };
  } catch (error) {
    await rest.disposeAsync();
    throw error;
  }
}

function stackWith(stacks: readonly Stack[], process: string): Stack {
  const found = stacks.find(({ processes }) => processes.some(({ name }) => name === process));
  if (found === undefined) throw new RangeError(`no process ${process}`);
  return found;
}

function targetsOf(stacks: readonly Stack[]): string {
  const entries = stacks.map((stack): [string, string[]] => {
    const serving = stack.processes.filter(({ servesTraffic }) => servesTraffic);
    return [stack.service.name, serving.map(({ name }) => stack.baseUrl(name))];
  });
  return JSON.stringify(Object.fromEntries(entries));
}

/** Where the database lies, the service itself attests. */
async function watched(stack: Stack) {
  const processes = stack.processes.map(({ name, healthPath }) => ({ name, url: stack.baseUrl(name), healthPath }));
  const first = processes[0];
  const response = await fetch(`${first?.url}${first?.healthPath}`);
  const { connections } = (await response.json()) as { connections: { file: string }[] };
  return { name: stack.service.name, database: connections[0]?.file ?? '', processes };
}

function handsOn(stacks: readonly Stack[], traffic: Program, did: string[]): Hands {
  const variants: Record<string, 'patched' | 'unpatched'> = { nanoclaw: 'patched', 'oracle-v2': 'patched' };
  const services = stacks.map((stack): [string, string[]] => [
    stack.service.name,
    stack.processes.map(({ name }) => name),
  ]);
  return {
    services: Object.fromEntries(services),
    variants,
    down: async (processes) => processes.filter((process) => !stackWith(stacks, process).isRunning(process)),
    does: {
      async traffic({ on }) {
        await traffic.stop();
        if (on) await traffic.start();
        return on ? 'it runs' : 'it has ended';
      },
      async restart({ process }) {
        const stack = stackWith(stacks, process);
        if (stack.isRunning(process)) await stack.stop(process);
        await stack.start([process]);
        return 'another incarnation is healthy';
      },
      async kill({ process }) {
        const stack = stackWith(stacks, process);
        if (!stack.isRunning(process)) throw new Error('it does not run; Restart starts it');
        await stack.kill([process]);
        return 'it is gone by SIGKILL';
      },
      async 'hold-lock'({ service }) {
        const stack = stacks.find((each) => each.service.name === service);
        if (stack === undefined) throw new RangeError(service);
        return effectOf(await askBeside<Held>(stack, HOLDER, [databaseArgument(stack), String(HELD_MS)], 30_000));
      },
      // A stack of plain processes has one db module for its life; the containers show this one.
      async variant({ service, variant }) {
        variants[service] = variant;
        did.push(`variant ${service} ${variant}`);
        return 'noted';
      },
    },
  };
}
