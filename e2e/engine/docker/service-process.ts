import type Docker from 'dockerode';
import { WalproofError } from '../../model/errors.ts';
import type { ProcessDefinition } from '../../model/service.ts';
import type { BothUp, ProcessExit, ProcessIdentity, StackEvents } from '../../model/stack.ts';
import { LineRing, SHOWN_LINES } from '../shared/line-ring.ts';
import { describeExit, neverStarted } from '../shared/start-failure.ts';
import { docker, tolerating } from './client.ts';
import { within } from './deadline.ts';
import { freeze } from './freeze.ts';
import { HealthWait } from './health-wait.ts';
import { Incarnation } from './incarnation.ts';
import type { StackPlan } from './plan.ts';
import { asked, refusal } from './refusal.ts';
import { ServiceContainer } from './service-container.ts';

/** SIGKILL acts within milliseconds; taking down network and mounts takes the daemon a second on a busy machine. */
const GONE_MS = 30_000;
/** Answers of the daemon when a container has ended or was removed. */
const NOT_RUNNING = [304, 404, 409];

/** A process that was launched, and how its health is judged. */
export interface Launched {
  process: ServiceProcess;
  incarnation: Incarnation;
  wait: HealthWait;
}

/** One process of the service over all its incarnations, in one container after the other. */
export class ServiceProcess {
  readonly definition: ProcessDefinition;
  readonly #plan: StackPlan;
  readonly #events: StackEvents;
  readonly #ring: LineRing;
  /** What testcontainers still does in the background, e.g. wait for the port of a container that has ended. */
  readonly #background = new Set<Promise<unknown>>();
  #started: number;
  #container: Docker.Container | null = null;
  #current: Incarnation | null = null;
  #previousStart: string | undefined;
  #lastExit: ProcessExit | null = null;
  #lastBaseUrl: string | null = null;

  /** `after` is what it takes over from the process whose place it is to take. */
  constructor(
    definition: ProcessDefinition,
    plan: StackPlan,
    events: StackEvents,
    after?: { started: number; ring: LineRing },
  ) {
    this.definition = definition;
    this.#started = after?.started ?? 0;
    this.#ring = after?.ring ?? new LineRing();
    this.#plan = plan;
    this.#events = events;
  }

  get name(): string {
    return this.definition.name;
  }

  get isRunning(): boolean {
    return this.identity !== null;
  }

  get isFrozen(): boolean {
    return this.#current?.paused === true;
  }

  get identity(): ProcessIdentity | null {
    return this.#current?.alive === true ? this.#current.identity : null;
  }

  /** Where it listens, or did until it ended. */
  get baseUrl(): string {
    const url = this.#current?.baseUrl ?? this.#lastBaseUrl;
    if (url !== null) return url;
    throw this.#notRunning();
  }

  /** The same process, to run in another container beside this one and go on in its place. */
  successor(): ServiceProcess {
    const started = this.#started + 1;
    return new ServiceProcess(this.definition, this.#plan, this.#events, { started, ring: this.#ring });
  }

  /** The container and the incarnation that runs in it; fails when there is none. */
  requireRunning(): { container: Docker.Container; incarnation: Incarnation } {
    if (this.isRunning && this.#container !== null && this.#current !== null) {
      return { container: this.#container, incarnation: this.#current };
    }
    throw this.#notRunning();
  }

  /** The identity of the incarnation that runs, with where it listens; fails when there is none. */
  requireUp(): BothUp['older'] {
    const { incarnation } = this.requireRunning();
    if (incarnation.identity === null) throw this.#notRunning();
    return { ...incarnation.identity, baseUrl: this.baseUrl };
  }

  lastLines(count?: number): string[] {
    return this.#ring.last(count);
  }

  /** Resolves when the container runs or has already ended. One that runs is only waited for. */
  async launch(deadlineMs: number, signal: AbortSignal): Promise<Launched> {
    const running = this.#current;
    if (running?.alive === true) {
      const wait = new HealthWait(this.definition, () => running, deadlineMs, signal);
      this.#inBackground(wait.waitUntilReady());
      return { process: this, incarnation: running, wait };
    }
    await running?.ended;
    const attached = Promise.withResolvers<Incarnation>();
    let incarnation: Incarnation | null = null;
    const wait = new HealthWait(this.definition, () => incarnation ?? notAttached(this.name), deadlineMs, signal);
    const attach = async (container: Docker.Container) => {
      signal.throwIfAborted();
      incarnation = await this.#attach(container);
      attached.resolve(incarnation);
    };
    const up = this.#container === null ? this.#create(wait, attach) : this.#startAgain(this.#container, wait, attach);
    this.#inBackground(up);
    try {
      const launched = await Promise.race([attached.promise, up.then(() => attached.promise)]);
      await Promise.race([launched.begun, up]);
      return { process: this, incarnation: launched, wait };
    } catch (error) {
      (incarnation as Incarnation | null)?.abandon();
      throw refusal(`start ${this.name}`, error);
    }
  }

  async stop(): Promise<ProcessExit> {
    const graceSeconds = Math.ceil(this.definition.stopGraceMs / 1_000);
    await this.#end('stop', (container) => container.stop({ t: graceSeconds }), graceSeconds * 1_000);
    return this.#lastExit ?? neverStarted(this.name);
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#end('kill', (container) => container.kill(), 0);
  }

  async pause(): Promise<void> {
    const { container, incarnation } = this.requireRunning();
    if (incarnation.paused) return;
    if (!(await freeze(container))) throw this.#notRunning();
    incarnation.paused = true;
  }

  async unpause(): Promise<void> {
    const { container, incarnation } = this.requireRunning();
    if (!incarnation.paused) return;
    if (await this.#refused('unpause', container.unpause())) throw this.#notRunning();
    incarnation.paused = false;
  }

  /** The container while it runs and is not frozen, else null. */
  get freezable(): Docker.Container | null {
    return this.isRunning && !this.isFrozen ? this.#container : null;
  }

  /** Kills it and removes its container; the next start makes another. */
  async discard(): Promise<void> {
    await this.kill();
    const container = this.#container;
    this.#container = null;
    if (container === null) return;
    await asked(
      `remove the container of ${this.name}`,
      tolerating([404, 409], container.remove({ force: true, v: true })),
    );
  }

  /** The containers of the stack are being removed: nobody needs to be told why it ended. */
  expectEnd(): void {
    if (this.#current !== null) this.#current.expected = true;
  }

  /** Resolves when nothing of it is under way any more; its container must have been removed before. */
  async settled(): Promise<void> {
    const incarnation = this.#current;
    if (incarnation !== null) {
      if (incarnation.identity === null) incarnation.abandon();
      await within(GONE_MS, `${this.name} to be gone`, incarnation.ended, () => this.#shownLines());
    }
    await Promise.all([...this.#background]);
  }

  async #create(wait: HealthWait, attach: (container: Docker.Container) => Promise<void>): Promise<void> {
    const suffix = this.#started === 0 ? '' : `-${this.#started}`;
    const container = new ServiceContainer(this.#plan, this.definition, suffix, async (containerId) => {
      this.#container = docker().getContainer(containerId);
      await attach(this.#container);
    });
    await container.withWaitStrategy(wait).start();
  }

  // Not StartedTestContainer.restart(): it looks for the port every 250 ms only.
  async #startAgain(
    container: Docker.Container,
    wait: HealthWait,
    attach: (container: Docker.Container) => Promise<void>,
  ): Promise<void> {
    await attach(container);
    await container.start();
    await wait.waitUntilReady();
  }

  async #attach(container: Docker.Container): Promise<Incarnation> {
    const incarnation = await Incarnation.attach(container, {
      definition: this.definition,
      sharedUrl: this.#plan.shared?.place.urls.get(this.name),
      number: this.#started + 1,
      previousStart: this.#previousStart,
      ring: this.#ring,
      events: this.#events,
      onEnded: (exit) => this.#onEnded(incarnation, exit),
    });
    this.#current = incarnation;
    return incarnation;
  }

  #onEnded(incarnation: Incarnation, exit: ProcessExit | null): void {
    this.#current = null;
    if (exit === null) return;
    this.#started += 1;
    this.#previousStart = incarnation.identity?.startedAt;
    this.#lastBaseUrl = incarnation.baseUrl;
    this.#lastExit = exit;
  }

  /** Ends the current incarnation, one that is just starting as well, and waits until it is gone. */
  async #end(what: string, request: (container: Docker.Container) => Promise<unknown>, graceMs: number): Promise<void> {
    const [incarnation, container] = [this.#current, this.#container];
    if (incarnation === null || container === null) return;
    const gone = async () => {
      await incarnation.begun;
      const asked = incarnation.expected;
      incarnation.expected = true;
      // It had ended by itself before it was asked to.
      if (await this.#refused(what, request(container))) incarnation.expected = asked;
      await incarnation.ended;
    };
    await within(GONE_MS + graceMs, `${this.name} to be gone after ${what}`, gone(), () => this.#shownLines());
  }

  /** Whether the daemon answered that the container does not run. */
  async #refused(what: string, request: Promise<unknown>): Promise<boolean> {
    const done = request.then(() => true);
    return (await asked(`${what} ${this.name}`, tolerating(NOT_RUNNING, done))) === undefined;
  }

  #notRunning(): WalproofError {
    const seen = this.#lastExit === null ? 'it was never started' : `it ended with ${describeExit(this.#lastExit)}`;
    return new WalproofError(
      'SERVICE_NOT_STARTED',
      `expected ${this.name} to be running, but ${seen}`,
      'Read its last lines below.',
      { details: this.#shownLines() },
    );
  }

  #shownLines(): string[] {
    return this.lastLines(SHOWN_LINES);
  }

  #inBackground(work: Promise<unknown>): void {
    // Whoever launched it gets the error; here it only must not count as unhandled.
    const settled = work.catch((error: unknown) => error).finally(() => this.#background.delete(settled));
    this.#background.add(settled);
  }
}

function notAttached(name: string): never {
  throw new WalproofError('INTERNAL', `${name} was waited for before it was created`, 'Please report this.');
}
