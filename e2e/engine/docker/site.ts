import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type Docker from 'dockerode';
import type { MountConfig } from 'dockerode';
import type { Actor, Refusal, Site, SiteOptions } from '../../model/actor.ts';
import { WalproofError } from '../../model/errors.ts';
import type { ServiceDefinition } from '../../model/service.ts';
import type { FileFacts } from '../../model/stack.ts';
import { LineRing, SHOWN_LINES } from '../shared/line-ring.ts';
import { ScriptedActor } from '../shared/scripted-actor.ts';
import { removeStack } from './cleanup.ts';
import { docker, tolerating } from './client.ts';
import { nodeArguments } from './evaluated.ts';
import { freeze, whileFrozen } from './freeze.ts';
import { hardened, USER } from './hardening.ts';
import { ensureImage } from './image.ts';
import { LABEL, stackLabels } from './labels.ts';
import { LineCutter, LogFrames } from './log-frames.ts';
import { Observer } from './observer.ts';
import { type DaemonStream, streamEnd } from './output.ts';
import { appDir, DATA_DIR, dockerName, type StackPlan } from './plan.ts';
import { asked } from './refusal.ts';
import { copyOut } from './volume.ts';

const PROGRAM = new URL('../shared/actor-program.ts', import.meta.url);
const MEMORY_BYTES = 512 * 2 ** 20;
const OWN_DATABASE = 'app.db';

/** Where actors stand: a volume of their own, or that of a stack. */
interface Ground {
  plan: StackPlan;
  observer: Observer;
  onRefused: (refusal: Refusal) => void;
  /** Creating a container and removing what the volume belongs to exclude each other. */
  inTurn: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Actors in containers of their own. */
export class DockerSite implements Site {
  readonly engine = 'docker';
  readonly #ground: Ground;
  readonly #database: string;
  readonly #remove: () => Promise<void>;
  readonly #containers = new Map<string, Docker.Container>();
  #disposed: Promise<void> | null = null;

  static async create(
    runId: string,
    options: SiteOptions & { service: ServiceDefinition },
    onRefused: (refusal: Refusal) => void,
  ): Promise<DockerSite> {
    const { service, dbModule } = options;
    const image = await ensureImage(service, () => undefined);
    const stackId = dockerName(`walproof-${runId}-repro-${randomBytes(3).toString('hex')}`);
    const labels = stackLabels({ runId, stackId, service: service.name });
    const plan: StackPlan = { service, stackId, image, labels, ...(dbModule === undefined ? {} : { dbModule }) };
    try {
      const volume = docker().createVolume({ Name: stackId, Labels: labels });
      await asked('create the volume of a repro', volume);
      const observer = await asked('create the observer of a repro', Observer.create(plan));
      const ground: Ground = { plan, observer, onRefused, inTurn: (work) => work() };
      return new DockerSite(ground, OWN_DATABASE, () => removeStack(stackId));
    } catch (error) {
      await removeStack(stackId);
      throw error;
    }
  }

  /** On the volume of a stack, whose removal ends the actors too. */
  static beside(ground: Ground): DockerSite {
    return new DockerSite(ground, ground.plan.service.database, async () => undefined);
  }

  private constructor(ground: Ground, database: string, remove: () => Promise<void>) {
    this.#ground = ground;
    this.#database = database;
    this.#remove = remove;
  }

  async actor(name: string): Promise<Actor> {
    const create = this.#ground.inTurn(() => this.#create(name));
    const container = await asked(`create the container of ${name}`, create);
    this.#containers.set(name, container);
    if (this.#disposed !== null) {
      // Created while the site was being removed, so the removal may not have met it.
      await this.#dispose();
      throw new WalproofError('INTERRUPTED', `${name} was interrupted: its site was disposed meanwhile`, 'Run again.');
    }
    const attaching = container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    const stream = (await asked(`attach to ${name}`, attaching)) as DaemonStream;
    const actor = new ScriptedActor(name, this.#ground.onRefused);
    const stderr = new LineRing();
    const lines = new LineCutter((line) => actor.onLine(line));
    const complaints = new LineCutter((line) => stderr.push(line));
    const frames = new LogFrames((source, bytes) => (source === 'stdout' ? lines : complaints).write(bytes));
    stream.on('data', (chunk: Buffer) => frames.write(chunk));
    const ended = streamEnd(stream).then(() => actor.onEnd());
    await asked(`start ${name}`, container.start());
    actor.attach({
      send: (line) => stream.write(`${line}\n`),
      complaints: () => stderr.last(SHOWN_LINES),
      kill: async () => {
        // A frozen container is killed by the kernel as any other; gone already is as good.
        await asked(`kill ${name}`, tolerating([404, 409], container.kill({ signal: 'SIGKILL' })));
        await ended;
        await asked(`wait for ${name}`, tolerating([404], container.wait()));
      },
      pause: async () => {
        await freeze(container);
      },
      unpause: () => asked(`unfreeze ${name}`, container.unpause()),
    });
    return actor;
  }

  async files(): Promise<FileFacts[]> {
    return await this.#ground.observer.files(this.#database);
  }

  async copyDatabase(toDir: string): Promise<string[]> {
    const copy = () => copyOut(this.#ground.observer.container, this.#database, toDir);
    const states = [...this.#containers.values()].map(async (container) => {
      const { State } = await asked('look at a container of a repro', container.inspect());
      return State.Running && !State.Paused ? [container] : [];
    });
    return await whileFrozen((await Promise.all(states)).flat(), copy);
  }

  howToLook(): string[] {
    const actors = [...this.#containers.keys()].map((name) => `  docker exec -it ${this.#nameOf(name)} bash`);
    return [`volume ${this.#ground.plan.stackId}, mounted at ${DATA_DIR} in:`, ...actors];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    await this.#disposed;
  }

  async #dispose(): Promise<void> {
    await this.#remove();
  }

  #nameOf(actor: string): string {
    return `${this.#ground.plan.stackId}-${actor}`;
  }

  async #create(name: string): Promise<Docker.Container> {
    const { plan } = this.#ground;
    const source = await readFile(PROGRAM, 'utf8');
    return await docker().createContainer({
      name: this.#nameOf(name),
      Hostname: name,
      Image: plan.image,
      Labels: { ...plan.labels, [LABEL.process]: name },
      User: USER,
      WorkingDir: appDir(plan),
      Entrypoint: ['node'],
      Cmd: nodeArguments(source),
      Env: [`ACTOR_DATA=${DATA_DIR}`, `ACTOR_DATABASE=${this.#database}`, 'NODE_NO_WARNINGS=1'],
      Healthcheck: { Test: ['NONE'] },
      OpenStdin: true,
      // Its program ends with its input, so it does not outlive a harness that was killed.
      StdinOnce: true,
      HostConfig: { ...hardened(plan, MEMORY_BYTES, this.#dbModuleMount()), NetworkMode: 'none' },
    });
  }

  #dbModuleMount(): MountConfig {
    const { dbModule, service } = this.#ground.plan;
    if (dbModule === undefined) return [];
    const target = `${appDir(this.#ground.plan)}/${service.dbModule}`;
    return [{ Type: 'bind', Source: dbModule, Target: target, ReadOnly: true }];
  }
}
