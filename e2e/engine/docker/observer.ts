import { readFileSync } from 'node:fs';
import { dirname } from 'node:path/posix';
import type Docker from 'dockerode';
import { WalproofError } from '../../model/errors.ts';
import type { FileFacts } from '../../model/stack.ts';
import { WAL_INDEX_HEAD_BYTES } from '../shared/database-files.ts';
import { docker, tolerating } from './client.ts';
import { within } from './deadline.ts';
import { nodeArguments } from './evaluated.ts';
import { hardened, USER } from './hardening.ts';
import { LABEL } from './labels.ts';
import { LineCutter, LogFrames } from './log-frames.ts';
import { published } from './network.ts';
import type { Answer, Question } from './observer-program.ts';
import { type DaemonStream, streamEnd } from './output.ts';
import { appDir, DATA_DIR, type StackPlan } from './plan.ts';
import { asked } from './refusal.ts';

const PROGRAM = readFileSync(new URL('observer-program.ts', import.meta.url), 'utf8');
/** Programs run beside the services live in its memory as well. */
const MEMORY_BYTES = 2 ** 30;
const ANSWER_MS = 10_000;

/**
 * A container of the service's image that runs beside the services on their volume. It looks at the data folder, runs
 * programs, and is the door to the volume for files. It is started when first needed.
 */
export class Observer {
  readonly container: Docker.Container;
  /** Others are on the network through it: started again it would be at another place, and they at none. */
  readonly #holdsPlace: boolean;
  #conversation: Promise<Conversation> | null = null;
  #begun: Conversation | null = null;

  /**
   * Creates the container, which gives a new volume the owner of the image's data folder. With `publishing` it has a place on
   * the stack's network and these ports published; else no network.
   */
  static async create(plan: StackPlan, publishing: readonly number[] | null = null): Promise<Observer> {
    const ports = published(publishing ?? []);
    const networkMode = publishing === null ? 'none' : plan.stackId;
    const container = await docker().createContainer({
      name: `${plan.stackId}-observer`,
      Hostname: 'observer',
      Image: plan.image,
      Labels: { ...plan.labels, [LABEL.process]: 'observer' },
      User: USER,
      WorkingDir: appDir(plan),
      Entrypoint: ['node'],
      Cmd: nodeArguments(PROGRAM),
      Healthcheck: { Test: ['NONE'] },
      OpenStdin: true,
      // Its program ends with its input, so it does not outlive a harness that was killed.
      StdinOnce: true,
      ExposedPorts: Object.fromEntries(Object.keys(ports).map((port) => [port, {}])),
      HostConfig: { ...hardened(plan, MEMORY_BYTES), NetworkMode: networkMode, PortBindings: ports },
    });
    return new Observer(container, publishing !== null);
  }

  constructor(container: Docker.Container, holdsPlace: boolean) {
    this.container = container;
    this.#holdsPlace = holdsPlace;
  }

  get isStarted(): boolean {
    return this.#conversation !== null;
  }

  async start(): Promise<void> {
    await this.#talk();
  }

  /** Why nobody is on the network any more; null while it runs, and where nobody is on it through the observer. */
  get lostPlace(): WalproofError | null {
    return this.#holdsPlace && this.#begun?.isOver === true ? lostPlace(this.#begun) : null;
  }

  /** The files beside the database, the database included. */
  async files(database: string): Promise<FileFacts[]> {
    const answer = await this.#ask({ ask: 'files', data: DATA_DIR, folder: dirname(database) });
    return 'files' in answer ? answer.files : [];
  }

  async filesystem(): Promise<string> {
    const answer = await this.#ask({ ask: 'filesystem', data: DATA_DIR });
    return 'filesystem' in answer ? answer.filesystem : 'unknown';
  }

  /** The head of the -shm file; null when there is none. */
  async walIndexHead(database: string): Promise<Uint8Array | null> {
    const path = `${database}-shm`;
    const answer = await this.#ask({ ask: 'head', data: DATA_DIR, path, bytes: WAL_INDEX_HEAD_BYTES });
    return 'head' in answer && answer.head !== null ? Buffer.from(answer.head, 'base64') : null;
  }

  async #ask(question: WithoutId<Question>): Promise<Answer> {
    const conversation = await this.#talk();
    const answer = await within(ANSWER_MS, `the observer to answer "${question.ask}"`, conversation.ask(question));
    if (!('error' in answer)) return answer;
    throw new WalproofError(
      'PROBE_FAILED',
      `expected the observer to look at ${question.data} ("${question.ask}"): ${answer.error}`,
      'Check the state of the volume and of the disk it is on, then run again.',
    );
  }

  async #talk(): Promise<Conversation> {
    this.#conversation ??= this.#begin();
    const conversation = this.#conversation;
    const forget = () => {
      if (this.#conversation === conversation) this.#conversation = null;
    };
    const begun = await conversation.catch((error: unknown) => {
      forget();
      throw error;
    });
    if (!begun.isOver) return begun;
    if (this.lostPlace !== null) throw this.lostPlace;
    forget();
    return await this.#talk();
  }

  async #begin(): Promise<Conversation> {
    const attaching = this.container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
    const stream = (await asked('attach to the observer', attaching)) as DaemonStream;
    await asked('start the observer', tolerating([304], this.container.start()));
    this.#begun = new Conversation(stream);
    return this.#begun;
  }
}

/** Not a failed look: whatever the services seem to do from here on is not their doing, so that the run has to end. */
function lostPlace(over: Conversation): WalproofError {
  return new WalproofError(
    'ENGINE_UNAVAILABLE',
    'expected the observer container to run as long as its stack, which is on the network through it, but it has ended',
    'Read its last lines below, then run again.',
    { details: over.lastLines },
  );
}

type WithoutId<Q> = Q extends unknown ? Omit<Q, 'id'> : never;

/** Questions and answers of one life of the observer's program. */
class Conversation {
  readonly #stream: DaemonStream;
  readonly #waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  readonly #stderr: string[] = [];
  #asked = 0;
  #over = false;

  constructor(stream: DaemonStream) {
    this.#stream = stream;
    const answers = new LineCutter((line) => this.#onAnswer(line));
    const complaints = new LineCutter((line) => this.#stderr.push(line));
    const frames = new LogFrames((name, bytes) => (name === 'stdout' ? answers : complaints).write(bytes));
    stream.on('data', (chunk: Buffer) => frames.write(chunk));
    void streamEnd(stream).then(() => this.#end());
  }

  get isOver(): boolean {
    return this.#over;
  }

  get lastLines(): string[] {
    return this.#stderr.slice(-20);
  }

  async ask(question: WithoutId<Question>): Promise<Answer> {
    const id = ++this.#asked;
    return await new Promise<Answer>((resolve, reject) => {
      if (this.#over) return reject(this.#gone());
      this.#waiting.set(id, { resolve, reject });
      this.#stream.write(`${JSON.stringify({ ...question, id })}\n`);
    });
  }

  #onAnswer(line: string): void {
    const answer: Answer = JSON.parse(line);
    this.#waiting.get(answer.id)?.resolve(answer);
    this.#waiting.delete(answer.id);
  }

  #end(): void {
    this.#over = true;
    for (const { reject } of this.#waiting.values()) reject(this.#gone());
    this.#waiting.clear();
  }

  #gone(): WalproofError {
    return new WalproofError('PROBE_FAILED', 'expected the observer container to run, but it has ended', 'Run again.', {
      details: this.lastLines,
    });
  }
}
