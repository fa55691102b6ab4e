import type Docker from 'dockerode';
import { messageOf } from '../../model/errors.ts';
import type { ProcessDefinition } from '../../model/service.ts';
import type { ProcessExit, ProcessIdentity, StackEvents } from '../../model/stack.ts';
import type { LineRing } from '../shared/line-ring.ts';
import { statusOf } from './client.ts';
import { exitOf } from './exit-status.ts';
import { publishedUrl } from './network.ts';
import { attachOutput, type Output } from './output.ts';
import { asked } from './refusal.ts';

export interface IncarnationSetup {
  definition: ProcessDefinition;
  /** Where it listens, if it shares a place on the network; a place of its own is known when it has begun. */
  sharedUrl: string | undefined;
  /** How many incarnations of this process there were, with this one. */
  number: number;
  /** `StartedAt` of the incarnation before, which the daemon shows until it has started this one. */
  previousStart: string | undefined;
  ring: LineRing;
  events: StackEvents;
  /** Called when it has ended, before anybody else is told; null when it never began. */
  onEnded: (exit: ProcessExit | null) => void;
}

/** One life of a container: from just before its start until it is gone and all that it wrote was read. */
export class Incarnation {
  /** Resolves when the daemon runs it; also when it ended before that was seen, or never began. */
  readonly begun: Promise<void>;
  /** Null when it never began. */
  readonly ended: Promise<ProcessExit | null>;
  paused = false;
  /** Whether the harness asked for its end. */
  expected = false;
  #alive = true;
  #identity: ProcessIdentity | null = null;
  #baseUrl: string | null = null;
  readonly #container: Docker.Container;
  readonly #setup: IncarnationSetup;
  readonly #output: Output;
  readonly #lines: HeldLines;
  readonly #mark: number;
  readonly #begun = Promise.withResolvers<void>();

  /** Begins to listen. The container exists and does not run. */
  static async attach(container: Docker.Container, setup: IncarnationSetup): Promise<Incarnation> {
    const lines = new HeldLines((line) => {
      setup.ring.push(line);
      setup.events.onLine?.({ process: setup.definition.name, incarnation: setup.number, line });
    });
    const output = await attachOutput(container, (line) => lines.push(line));
    return new Incarnation(container, setup, output, lines);
  }

  private constructor(container: Docker.Container, setup: IncarnationSetup, output: Output, lines: HeldLines) {
    this.#container = container;
    this.#setup = setup;
    this.#output = output;
    this.#lines = lines;
    this.#mark = setup.ring.total;
    this.begun = this.#begun.promise;
    this.ended = this.#awaitEnd();
  }

  get alive(): boolean {
    return this.#alive;
  }

  get identity(): ProcessIdentity | null {
    return this.#identity;
  }

  /** Null until it has begun; the daemon may choose another at each start. */
  get baseUrl(): string | null {
    return this.#baseUrl;
  }

  /** Resolves when it has written its next line. */
  get nextLine(): Promise<void> {
    return this.#setup.ring.next;
  }

  /** At most `count` lines that this incarnation wrote. */
  lastLines(count?: number): string[] {
    return this.#setup.ring.last(count, this.#mark);
  }

  /** Its container was put back on its network, and the daemon may have chosen another address. */
  async lookUpAddress(): Promise<void> {
    const info = await asked(`show the container of ${this.#setup.definition.name}`, this.#container.inspect());
    this.#noteAddress(info);
  }

  /** The daemon has started it. */
  async begin(): Promise<void> {
    this.#noteBegin(await asked(`show the container of ${this.#setup.definition.name}`, this.#container.inspect()));
  }

  /** The daemon has refused to start it. */
  abandon(): void {
    this.#output.close();
  }

  #noteBegin(info: Docker.ContainerInspectInfo): void {
    if (this.#identity !== null) return;
    const { definition, number, events } = this.#setup;
    this.#noteAddress(info);
    this.#identity = { pid: info.State.Pid, startedAt: info.State.StartedAt, incarnation: number };
    events.onStarted?.(definition.name, this.#identity);
    this.#lines.release();
    this.#begun.resolve();
  }

  #noteAddress(info: Docker.ContainerInspectInfo): void {
    const { definition, sharedUrl } = this.#setup;
    this.#baseUrl = sharedUrl ?? publishedUrl(info, definition) ?? this.#baseUrl;
  }

  async #awaitEnd(): Promise<ProcessExit | null> {
    await this.#output.ended;
    const info = await endState(this.#container, (line) => this.#setup.ring.push(line));
    this.#alive = false;
    // It can end before anybody had a look at it.
    if (info !== null && this.#hasRun(info)) this.#noteBegin(info);
    const exit = this.#identity === null ? null : this.#exit(info);
    this.#setup.onEnded(exit);
    this.#begun.resolve();
    if (exit !== null) this.#setup.events.onExit?.(exit);
    return exit;
  }

  #hasRun({ State }: Docker.ContainerInspectInfo): boolean {
    // Docker's zero time stands for never.
    return !State.StartedAt.startsWith('0001-') && State.StartedAt !== this.#setup.previousStart;
  }

  #exit(info: Docker.ContainerInspectInfo | null): ProcessExit {
    const { definition, number, ring } = this.#setup;
    if (info?.State.OOMKilled === true) {
      ring.push(`walproof: the kernel ended it, since it needed more than ${info.HostConfig.Memory} bytes of memory`);
    }
    // A container that was removed while it ran was ended by SIGKILL.
    const { exitCode, signal } = info === null ? { exitCode: null, signal: 'SIGKILL' } : exitOf(info.State.ExitCode);
    const lastLines = this.lastLines();
    return { process: definition.name, incarnation: number, exitCode, signal, expected: this.expected, lastLines };
  }
}

/** Keeps lines back until they are released: a container can write before the daemon has answered that it started it. */
class HeldLines {
  readonly #onLine: (line: string) => void;
  #held: string[] | null = [];

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(line: string): void {
    if (this.#held === null) this.#onLine(line);
    else this.#held.push(line);
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const line of held) this.#onLine(line);
  }
}

/** How the container ended; null when it was removed meanwhile. `onTrouble` is told when the daemon could not say. */
async function endState(
  container: Docker.Container,
  onTrouble: (line: string) => void,
): Promise<Docker.ContainerInspectInfo | null> {
  try {
    // Its output ends a moment before the daemon has taken down its network and written its state.
    await container.wait();
    return await container.inspect();
  } catch (error) {
    if (statusOf(error) !== 404)
      onTrouble(`walproof: the Docker daemon could not say how it ended: ${messageOf(error)}`);
    return null;
  }
}
