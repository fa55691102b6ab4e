import type { Actor, ActorCommand, Ongoing, OpenOptions, Refusal, Reply } from '../../model/actor.ts';
import { WalproofError } from '../../model/errors.ts';

/** Longest a command may take; the longest busy timeout of a repro is 10 s. */
const ANSWER_MS = 45_000;

/** The process behind an actor, as an engine has it. */
export interface ActorProcess {
  /** Writes one line to its stdin. */
  send(line: string): void;
  /** What it wrote to stderr last, oldest first. */
  complaints(): string[];
  kill(): Promise<void>;
  pause(): Promise<void>;
  unpause(): Promise<void>;
}

interface Waiting {
  command: ActorCommand;
  started: () => void;
  ended: (reply: Reply) => void;
}

/** One line of the program. */
type Told = { id: number } & ({ started: true } | Reply);

/** The talk with an actor, the same on every engine. */
export class ScriptedActor implements Actor {
  readonly name: string;
  readonly #onRefused: (refusal: Refusal) => void;
  readonly #waiting = new Map<number, Waiting>();
  #process: ActorProcess | null = null;
  #asked = 0;
  #over = false;

  constructor(name: string, onRefused: (refusal: Refusal) => void) {
    this.name = name;
    this.#onRefused = onRefused;
  }

  /** Called by the engine once, before the first command. */
  attach(process: ActorProcess): void {
    this.#process = process;
  }

  /** Called by the engine with each line of stdout. */
  onLine(line: string): void {
    const told = JSON.parse(line) as Told;
    const waiting = this.#waiting.get(told.id);
    if (waiting === undefined) return;
    if ('started' in told) {
      waiting.started();
      return;
    }
    this.#waiting.delete(told.id);
    const { id: _, ...reply } = told;
    if (!reply.ok) this.#onRefused(refusalOf(this.name, waiting.command, reply));
    waiting.ended(reply);
  }

  /** Called by the engine when the process is gone. */
  onEnd(): void {
    this.#over = true;
    for (const { started, ended } of this.#waiting.values()) {
      started();
      ended(this.#gone());
    }
    this.#waiting.clear();
  }

  begin(command: ActorCommand): Ongoing {
    const started = Promise.withResolvers<void>();
    const reply = Promise.withResolvers<Reply>();
    if (this.#over || this.#process === null) {
      started.resolve();
      reply.resolve(this.#gone());
      return { started: started.promise, reply: reply.promise };
    }
    const id = ++this.#asked;
    const timer = setTimeout(() => reply.reject(this.#late(command)), ANSWER_MS);
    this.#waiting.set(id, {
      command,
      started: started.resolve,
      ended: (how) => {
        clearTimeout(timer);
        reply.resolve(how);
      },
    });
    this.#process.send(JSON.stringify({ ...command, id }));
    return { started: started.promise, reply: reply.promise };
  }

  async ask(command: ActorCommand): Promise<Reply> {
    return await this.begin(command).reply;
  }

  async open(options: OpenOptions = {}): Promise<void> {
    await this.#must({ do: 'open', ...options });
  }

  async exec(sql: string, connection = 'main'): Promise<void> {
    await this.#must({ do: 'exec', sql, connection });
  }

  async rows<Row>(sql: string, connection = 'main'): Promise<Row[]> {
    return (await this.#must({ do: 'all', sql, connection })) as Row[];
  }

  async value<T>(sql: string, connection = 'main'): Promise<T> {
    const [row] = await this.rows<Record<string, T>>(sql, connection);
    const [value] = Object.values(row ?? {});
    if (value !== undefined) return value;
    throw this.#broken(`${sql} to give a row`, 'it gave none');
  }

  async close(connection = 'main'): Promise<void> {
    await this.#must({ do: 'close', connection });
  }

  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  async pause(): Promise<void> {
    await this.#process?.pause();
  }

  async unpause(): Promise<void> {
    await this.#process?.unpause();
  }

  async #must(command: ActorCommand): Promise<unknown> {
    const reply = await this.ask(command);
    if (reply.ok) return reply.value;
    throw this.#broken(`${sqlOf(command)} to succeed`, `${reply.message} (${reply.code})`);
  }

  #broken(expected: string, seen: string): WalproofError {
    return new WalproofError(
      'REPRO_BROKEN',
      `${this.name}: expected ${expected}, but saw: ${seen}`,
      'The scene could not be set, which says nothing about the bug. Run again with WALPROOF_DEBUG=1.',
      { details: this.#process?.complaints() ?? [] },
    );
  }

  #late(command: ActorCommand): WalproofError {
    return this.#broken(`${sqlOf(command)} to end`, `it had not ended after ${ANSWER_MS} ms`);
  }

  #gone(): Reply {
    return { ok: false, code: 'ACTOR_GONE', message: `${this.name} is gone`, elapsedMs: 0 };
  }
}

function refusalOf(process: string, command: ActorCommand, reply: Extract<Reply, { ok: false }>): Refusal {
  const { code, message, elapsedMs } = reply;
  return { process, code, message, elapsedMs, sql: sqlOf(command) };
}

function sqlOf(command: ActorCommand): string {
  if ('sql' in command) return command.sql;
  if (command.do === 'open') return ['open', ...(command.pragmas ?? [])].join('; ');
  return command.do;
}
