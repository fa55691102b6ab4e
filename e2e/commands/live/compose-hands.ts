import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { docker, tolerating } from '../../engine/docker/client.ts';
import { compose } from './compose.ts';
import { type Hands, serviceOf } from './hands.ts';
import { holdLockIn } from './hold-lock.ts';

/** How a service of walproof stands in the compose file. */
interface InCompose {
  services: readonly string[];
  /** Name on the page to compose service and number. */
  processes: Readonly<Record<string, readonly [service: string, number: number]>>;
  /** Takes the path of the db module. */
  variable: string;
  database: string;
  unpatched: string;
}

const IN_COMPOSE: Readonly<Record<string, InCompose>> = {
  nanoclaw: {
    services: ['nanoclaw', 'nanoclaw-agent'],
    processes: {
      nanoclaw: ['nanoclaw', 1],
      'nanoclaw-agent-1': ['nanoclaw-agent', 1],
      'nanoclaw-agent-2': ['nanoclaw-agent', 2],
    },
    variable: 'NANOCLAW_DB_MODULE',
    database: '/data/store/messages.db',
    unpatched: './fixtures/variants/nanoclaw/unpatched.ts',
  },
  'oracle-v2': {
    services: ['oracle', 'oracle-indexer'],
    processes: { oracle: ['oracle', 1], 'oracle-indexer': ['oracle-indexer', 1] },
    variable: 'ORACLE_DB_MODULE',
    database: '/data/oracle.db',
    unpatched: './fixtures/variants/oracle-v2/unpatched.ts',
  },
};

const HEALTHY_MS = 60_000;
const GONE_MS = 10_000;
const LOOK_MS = 100;
const STOP_SECONDS = 10;
const NOT_MODIFIED = 304;

/** Acts on the containers of a compose project, over the daemon. */
export class ComposeHands implements Hands {
  readonly services = Object.fromEntries(
    Object.entries(IN_COMPOSE).map(([name, { processes }]) => [name, Object.keys(processes)]),
  );
  readonly variants: Record<string, 'patched' | 'unpatched'> = Object.fromEntries(
    Object.keys(IN_COMPOSE).map((name) => [name, 'patched']),
  );
  readonly #project: string;
  readonly #env: NodeJS.ProcessEnv;

  /** @param env what the stack was started with; started otherwise, all of its containers would be made anew. */
  constructor(project: string, env: NodeJS.ProcessEnv) {
    this.#project = project;
    this.#env = env;
  }

  async down(processes: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (const process of processes) {
      const { State } = await (await this.#containerOf(process)).inspect();
      if (!State.Running) found.push(process);
    }
    return found;
  }

  readonly does: Hands['does'] = {
    traffic: async ({ on }) => {
      const container = await this.#container('traffic', 1);
      await tolerating([NOT_MODIFIED], on ? container.start() : container.stop({ t: STOP_SECONDS }));
      if (on) await this.#untilHealthy(container);
      return on ? 'it runs' : 'it has ended';
    },

    restart: async ({ process }) => {
      const container = await this.#containerOf(process);
      const before = (await container.inspect()).State.StartedAt;
      await container.restart({ t: STOP_SECONDS });
      const took = await this.#untilHealthy(container);
      if ((await container.inspect()).State.StartedAt === before) throw new Error('it still runs since before');
      return `another incarnation is healthy after ${(took / 1000).toFixed(1)} s`;
    },

    kill: async ({ process }) => {
      const container = await this.#containerOf(process);
      if (!(await container.inspect()).State.Running) throw new Error('it does not run; Restart starts it');
      await container.kill({ signal: 'SIGKILL' });
      const isGone = async () => !(await container.inspect()).State.Running;
      if (!(await within(GONE_MS, isGone))) throw new Error(`it still runs ${GONE_MS / 1000} s after SIGKILL`);
      return 'it is gone by SIGKILL, and stays down until Restart';
    },

    'hold-lock': async ({ service }) => {
      const { processes, database } = inCompose(service);
      for (const process of Object.keys(processes)) {
        const container = await this.#containerOf(process);
        const { Id, State } = await container.inspect();
        if (State.Running) return await holdLockIn(Id, database);
      }
      throw new Error('no process of it runs, so there is no container to hold the lock from');
    },

    variant: async ({ service, variant }) => {
      const { services, variable, unpatched } = inCompose(service);
      // Also when it does not come up: it is what the containers are made of from now on.
      this.variants[service] = variant;
      if (variant === 'unpatched') this.#env[variable] = unpatched;
      else delete this.#env[variable];
      await compose(['up', '--detach', '--wait', '--no-deps', '--no-build', ...services], { env: this.#env });
      return `its containers were made anew with ${variant === 'unpatched' ? unpatched : 'the db module from before'}`;
    },
  };

  async #containerOf(process: string): Promise<Docker.Container> {
    const place = inCompose(serviceOf(this, process) ?? '').processes[process];
    if (place === undefined) throw new RangeError(`no process ${process}`);
    return await this.#container(...place);
  }

  async #container(service: string, number: number): Promise<Docker.Container> {
    const label = [
      `com.docker.compose.project=${this.#project}`,
      `com.docker.compose.service=${service}`,
      `com.docker.compose.container-number=${number}`,
    ];
    const [found] = await docker().listContainers({ all: true, filters: { label } });
    if (found === undefined) throw new Error(`the project ${this.#project} has no container ${service} ${number}`);
    return docker().getContainer(found.Id);
  }

  /** How long it took, in ms. */
  async #untilHealthy(container: Docker.Container): Promise<number> {
    const beganAt = performance.now();
    let seen = 'nothing';
    const isHealthy = async () => {
      const { State } = await container.inspect();
      seen = State.Health?.Status ?? State.Status;
      return seen === 'healthy';
    };
    if (await within(HEALTHY_MS, isHealthy)) return performance.now() - beganAt;
    throw new Error(`expected it to be healthy within ${HEALTHY_MS / 1000} s, it is ${seen}`);
  }
}

function inCompose(service: string): InCompose {
  const found = IN_COMPOSE[service];
  if (found === undefined) throw new RangeError(`no service ${service}`);
  return found;
}

async function within(deadlineMs: number, condition: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > deadline) return false;
    await delay(LOOK_MS);
  }
  return true;
}
