import pLimit from 'p-limit';
import type { Refusal, Site } from '../../model/actor.ts';
import { WalproofError } from '../../model/errors.ts';
import type { ServiceDefinition } from '../../model/service.ts';
import type {
  BothUp,
  ContainerAbilities,
  FileFacts,
  ProcessExit,
  ProcessIdentity,
  RunResult,
  Stack,
  StackOptions,
} from '../../model/stack.ts';
import { awaitStarted, interrupted } from './await-started.ts';
import { runBeside } from './beside.ts';
import { removeStack } from './cleanup.ts';
import { containerAbilities } from './container-abilities.ts';
import { whileFrozen } from './freeze.ts';
import { sharedPlace } from './network.ts';
import type { Observer } from './observer.ts';
import type { StackPlan } from './plan.ts';
import { ServiceProcess } from './service-process.ts';
import { DockerSite } from './site.ts';
import { copyOut } from './volume.ts';

const START_TIMEOUT_MS = 30_000;
const BESIDE_TIMEOUT_MS = 30_000;

/** Containers on a volume and a network of their own. */
export class DockerStack implements Stack {
  readonly engine = 'docker';
  readonly service: ServiceDefinition;
  readonly containers: ContainerAbilities;
  readonly #plan: StackPlan;
  readonly #observer: Observer;
  readonly #startTimeoutMs: number;
  readonly #processes: Map<string, ServiceProcess>;
  /** In a rolling restart the newer process until it is healthy, then the older one until it is gone. */
  readonly #besides = new Set<ServiceProcess>();
  readonly #disposal = new AbortController();
  /** Freezing, resuming and starting exclude each other: a copy must not be taken while something begins to write. */
  readonly #exclusive = pLimit(1);
  #disposed: Promise<void> | null = null;

  /** Volume, network and observer of the plan exist, and belong to the stack from here on. */
  constructor(plan: StackPlan, observer: Observer, options: StackOptions) {
    this.service = plan.service;
    this.#plan = plan;
    this.#observer = observer;
    this.containers = containerAbilities({
      network: plan.shared === undefined ? plan.stackId : null,
      process: (name) => this.#process(name),
      exclusive: this.#exclusive,
    });
    this.#startTimeoutMs = options.startTimeoutMs ?? START_TIMEOUT_MS;
    const events = options.events ?? {};
    this.#processes = new Map(
      plan.service.processes.map((definition) => [definition.name, new ServiceProcess(definition, plan, events)]),
    );
  }

  get processes() {
    return this.service.processes;
  }

  async start(names?: readonly string[]): Promise<void> {
    await this.#bringUp(this.#select(names));
  }

  async #bringUp(wanted: readonly ServiceProcess[]): Promise<void> {
    const decided = new AbortController();
    const signal = AbortSignal.any([decided.signal, this.#disposal.signal]);
    try {
      const launched = await this.#exclusive(async () => {
        this.#refuseWhenDisposed('start');
        return await all(wanted.map((process) => process.launch(this.#startTimeoutMs, signal)));
      });
      await awaitStarted(launched, this.#startTimeoutMs, this.#disposal.signal);
    } catch (error) {
      if (this.#disposal.signal.aborted) throw interrupted('start');
      // Without a network no service gets healthy, which is not its doing.
      throw this.#observer.lostPlace ?? error;
    } finally {
      decided.abort();
    }
  }

  async stop(name: string): Promise<ProcessExit> {
    return await this.#process(name).stop();
  }

  async kill(names?: readonly string[]): Promise<void> {
    const wanted = this.#select(names);
    const besides = [...this.#besides].filter(({ name }) => wanted.some((each) => each.name === name));
    await all([...wanted, ...besides].map((process) => process.kill()));
  }

  async pause(name: string): Promise<void> {
    await this.#exclusive(() => this.#process(name).pause());
  }

  async unpause(name: string): Promise<void> {
    await this.#exclusive(() => this.#process(name).unpause());
  }

  async replace(name: string, whileBothUp: (both: BothUp) => Promise<void>): Promise<ProcessExit> {
    if (this.#plan.shared !== undefined) throw sharedPlace(`run a second ${name} beside the first`);
    const older = this.#process(name);
    const before = older.requireUp();
    const newer = older.successor();
    this.#besides.add(newer);
    try {
      await this.#bringUp([newer]);
      this.#processes.set(name, newer);
      this.#besides.delete(newer);
      this.#besides.add(older);
      await whileBothUp({ older: before, newer: newer.requireUp() });
    } finally {
      const leaving = this.#processes.get(name) === newer ? older : newer;
      await leaving.stop();
      await leaving.discard();
      this.#besides.delete(leaving);
    }
    return await older.stop();
  }

  async recreate(): Promise<void> {
    await this.#exclusive(async () => {
      this.#refuseWhenDisposed('recreate');
      await all([...this.#processes.values()].map((process) => process.discard()));
    });
  }

  isRunning(name: string): boolean {
    return this.#process(name).isRunning;
  }

  async identity(name: string): Promise<ProcessIdentity | null> {
    return this.#process(name).identity;
  }

  baseUrl(name: string): string {
    return this.#process(name).baseUrl;
  }

  lastLines(name: string, count?: number): string[] {
    return this.#process(name).lastLines(count);
  }

  async files(): Promise<FileFacts[]> {
    this.#refuseWhenDisposed('files');
    return await this.#unlessDisposed('files', this.#observer.files(this.service.database));
  }

  async walIndexHead(): Promise<Uint8Array | null> {
    this.#refuseWhenDisposed('walIndexHead');
    return await this.#unlessDisposed('walIndexHead', this.#observer.walIndexHead(this.service.database));
  }

  async runBeside(script: URL, args: readonly string[], options: { timeoutMs?: number } = {}): Promise<RunResult> {
    // Waits while the volume is being copied, since the observer is frozen then.
    await this.#exclusive(async () => {
      this.#refuseWhenDisposed('runBeside');
      await this.#observer.start();
    });
    const timeoutMs = options.timeoutMs ?? BESIDE_TIMEOUT_MS;
    return await this.#unlessDisposed('runBeside', runBeside(this.#observer.container, script, args, timeoutMs));
  }

  beside(onRefused: (refusal: Refusal) => void): Site {
    const inTurn = <T>(work: () => Promise<T>) =>
      this.#exclusive(async () => {
        this.#refuseWhenDisposed('beside');
        return await work();
      });
    return DockerSite.beside({ plan: this.#plan, observer: this.#observer, onRefused, inTurn });
  }

  async copyDatabase(toDir: string): Promise<string[]> {
    return await this.#exclusive(async () => {
      this.#refuseWhenDisposed('copyDatabase');
      const running = this.#all().flatMap(({ freezable }) => freezable ?? []);
      // A program beside the services may be writing too.
      if (this.#observer.isStarted) running.push(this.#observer.container);
      return await whileFrozen(running, () => copyOut(this.#observer.container, this.service.database, toDir));
    });
  }

  async filesystem(): Promise<string> {
    this.#refuseWhenDisposed('filesystem');
    return await this.#unlessDisposed('filesystem', this.#observer.filesystem());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    await this.#disposed;
  }

  async #dispose(): Promise<void> {
    this.#disposal.abort();
    const processes = this.#all();
    for (const process of processes) process.expectEnd();
    // Behind what is being created just now: it would be created after the removal.
    await this.#exclusive(() => removeStack(this.#plan.stackId));
    await all(processes.map((process) => process.settled()));
    await this.#plan.placements?.files[Symbol.asyncDispose]();
  }

  #all(): ServiceProcess[] {
    return [...this.#processes.values(), ...this.#besides];
  }

  #process(name: string): ServiceProcess {
    const process = this.#processes.get(name);
    if (process !== undefined) return process;
    const known = [...this.#processes.keys()].join(', ');
    throw new WalproofError(
      'INTERNAL',
      `${this.service.name} has no process ${name}, only ${known}`,
      'Use one of these names.',
    );
  }

  #select(names?: readonly string[]): ServiceProcess[] {
    return names === undefined ? [...this.#processes.values()] : names.map((name) => this.#process(name));
  }

  #refuseWhenDisposed(what: string): void {
    if (this.#disposal.signal.aborted) throw interrupted(what);
  }

  async #unlessDisposed<T>(what: string, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.#disposal.signal.aborted ? interrupted(what) : error;
    }
  }
}

/** Like Promise.all, but nothing is under way any more when it rejects. */
async function all<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(work);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
