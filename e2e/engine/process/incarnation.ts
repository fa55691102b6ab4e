import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../model/errors.ts';
import type { ProcessExit, ProcessIdentity } from '../../model/stack.ts';
import type { LineRing } from '../shared/line-ring.ts';
import { ProcessGroup } from './process-group.ts';
import type { NodeProcess } from './spawn-node.ts';

/** After its group is gone a pipe is at its end at once, unless a process that left the group holds it open. */
const DRAIN_MS = 1_000;

export interface IncarnationSetup {
  /** The name of the process. */
  name: string;
  /** How often the process has been started, from 1. */
  number: number;
  child: NodeProcess;
  pid: number;
  ring: LineRing;
  onLine: (line: string) => void;
}

/** One life of a process: from its spawn until it and all its children are gone. */
export class Incarnation {
  readonly identity: ProcessIdentity;
  readonly group: ProcessGroup;
  /** Resolves when the whole group is gone and everything it wrote has been read. */
  readonly ended: Promise<ProcessExit>;
  paused = false;
  /** Whether the harness asked for its end. */
  expected = false;
  #alive = true;
  readonly #setup: IncarnationSetup;
  readonly #mark: number;

  constructor(setup: IncarnationSetup) {
    this.#setup = setup;
    this.#mark = setup.ring.total;
    this.group = new ProcessGroup(setup.pid);
    this.identity = { pid: setup.pid, startedAt: new Date().toISOString(), incarnation: setup.number };
    this.ended = this.#awaitEnd();
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Resolves when it has written its next line. */
  get nextLine(): Promise<void> {
    return this.#setup.ring.next;
  }

  /** At most `count` lines that this incarnation wrote. */
  lastLines(count?: number): string[] {
    return this.#setup.ring.last(count, this.#mark);
  }

  /** SIGTERM to the process itself, as a container's engine does; its children get SIGKILL after it, or after the grace. */
  async stop(graceMs: number): Promise<ProcessExit> {
    if (this.#alive) {
      this.expected = true;
      this.#setup.child.kill('SIGTERM');
    }
    const timer = setTimeout(() => this.signalKill(), graceMs);
    try {
      return await this.ended;
    } finally {
      clearTimeout(timer);
    }
  }

  /** SIGKILL to the group, at once; `ended` tells when it is gone. */
  signalKill(): void {
    if (!this.#alive) return;
    this.expected = true;
    this.group.signal('SIGKILL');
  }

  async #awaitEnd(): Promise<ProcessExit> {
    const { child, name } = this.#setup;
    const drained = Promise.all([this.#read(child.stdout), this.#read(child.stderr)]);
    const [exitCode, signal] = await new Promise<[number | null, string | null]>((resolve) => {
      child.once('exit', (...how) => {
        this.#alive = false;
        resolve(how);
      });
    });
    await this.group.kill();
    await Promise.race([drained, delay(DRAIN_MS, undefined, { ref: false })]);
    child.stdout.destroy();
    child.stderr.destroy();
    const { incarnation } = this.identity;
    return { process: name, incarnation, exitCode, signal, expected: this.expected, lastLines: this.lastLines() };
  }

  #read(stream: Readable): Promise<void> {
    const { ring, onLine } = this.#setup;
    const take = (line: string) => {
      ring.push(line);
      onLine(line);
    };
    return new Promise((resolve) => {
      const lines = createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
      lines.on('line', take);
      lines.once('close', resolve);
      lines.once('error', (error: Error) => {
        take(`walproof: the rest of the log is lost: ${messageOf(error)}`);
        resolve();
      });
    });
  }
}
