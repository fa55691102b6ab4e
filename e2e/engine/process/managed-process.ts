import { join } from 'node:path';
import { WalproofError } from '../../model/errors.ts';
import type { ProcessDefinition } from '../../model/service.ts';
import type { ProcessExit, ProcessIdentity, StackEvents } from '../../model/stack.ts';
import { LineRing, SHOWN_LINES } from '../shared/line-ring.ts';
import { fillPlaceholders } from '../shared/placeholders.ts';
import { describeExit, neverStarted } from '../shared/start-failure.ts';
import { baseEnvironment, type StackFolder } from './folder.ts';
import { Incarnation } from './incarnation.ts';
import type { PortReservation } from './port-reservation.ts';
import { spawnFailure, spawnNode } from './spawn-node.ts';

export interface ManagedProcessSetup {
  definition: ProcessDefinition;
  folder: StackFolder;
  port: PortReservation;
  events: StackEvents;
  /** Called whenever a group came or went. */
  onGroupsChanged: (change: 'began' | 'ended') => void;
  /** What it takes over from the process whose place it is to take. */
  after?: { started: number; ring: LineRing };
}

/** One process of the service over all its incarnations, up to the one that is replaced while it still runs. */
export class ManagedProcess {
  readonly definition: ProcessDefinition;
  readonly baseUrl: string;
  readonly port: PortReservation;
  readonly #setup: ManagedProcessSetup;
  readonly #ring: LineRing;
  #started: number;
  #current: Incarnation | null = null;
  #lastExit: ProcessExit | null = null;

  constructor(setup: ManagedProcessSetup) {
    this.#setup = setup;
    this.definition = setup.definition;
    this.port = setup.port;
    this.#ring = setup.after?.ring ?? new LineRing();
    this.#started = setup.after?.started ?? 0;
    this.baseUrl = `http://127.0.0.1:${setup.port.port}`;
  }

  get name(): string {
    return this.definition.name;
  }

  /** The incarnation whose group is not known to be gone yet. */
  get current(): Incarnation | null {
    return this.#current;
  }

  get isRunning(): boolean {
    return this.#current?.alive === true;
  }

  get identity(): ProcessIdentity | null {
    return this.isRunning ? (this.#current?.identity ?? null) : null;
  }

  lastLines(count?: number): string[] {
    return this.#ring.last(count);
  }

  /** The same process on another port, to run beside this one and go on in its place. */
  successor(port: PortReservation): ManagedProcess {
    return new ManagedProcess({ ...this.#setup, port, after: { started: this.#started, ring: this.#ring } });
  }

  /** Spawns it, synchronously as far as it succeeds, so that several processes can be spawned together. */
  async spawn(): Promise<Incarnation> {
    const { definition, folder, events, onGroupsChanged } = this.#setup;
    const child = spawnNode([join(folder.app, definition.entry)], folder.app, this.#environment());
    if (child.pid === undefined) throw await spawnFailure(this.name, child);
    const number = ++this.#started;
    const incarnation = new Incarnation({
      name: this.name,
      number,
      child,
      pid: child.pid,
      ring: this.#ring,
      onLine: (line) => events.onLine?.({ process: this.name, incarnation: number, line }),
    });
    this.#current = incarnation;
    onGroupsChanged('began');
    events.onStarted?.(this.name, incarnation.identity);
    incarnation.ended.then(
      (exit) => this.#onEnded(exit),
      // Whoever stops, kills or disposes it awaits the same promise and gets the error.
      () => undefined,
    );
    return incarnation;
  }

  async stop(): Promise<ProcessExit> {
    if (this.#current !== null) return await this.#current.stop(this.definition.stopGraceMs);
    return this.#lastExit ?? neverStarted(this.name);
  }

  /** The running incarnation; fails when there is none. */
  requireRunning(): Incarnation {
    if (this.#current?.alive === true) return this.#current;
    const seen = this.#lastExit === null ? 'it was never started' : `it ended with ${describeExit(this.#lastExit)}`;
    throw new WalproofError(
      'SERVICE_NOT_STARTED',
      `expected ${this.name} to be running, but ${seen}`,
      'Read its last lines below.',
      { details: this.lastLines(SHOWN_LINES) },
    );
  }

  #onEnded(exit: ProcessExit): void {
    this.#current = null;
    this.#lastExit = exit;
    this.#setup.onGroupsChanged('ended');
    this.#setup.events.onExit?.(exit);
  }

  #environment(): Record<string, string> {
    const { folder, port, definition } = this.#setup;
    const values = { data: folder.data, port: String(port.port), process: definition.name };
    const own = Object.entries(definition.env).map(([name, text]) => [name, fillPlaceholders(text, values)]);
    return { ...baseEnvironment(folder), ...Object.fromEntries(own) };
  }
}
