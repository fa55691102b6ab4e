import { Agent, type IncomingMessage, request } from 'node:http';

/** What came of asking a process for a page. */
export type Answer =
  | { kind: 'answer'; status: number; body: string }
  /** The connection stands, and nothing came over it in time. */
  | { kind: 'silent'; seen: string }
  /** Nobody took the connection. */
  | { kind: 'down'; seen: string };

/** Inside one machine a connection takes a millisecond; a name that is gone may be looked for elsewhere for seconds. */
const CONNECT_MS = 700;
const ANSWER_MS = 900;
/** A page of metrics has some tens of kilobytes. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Asks one process over one kept connection, whose end is told at once: it is the first sign that the process is gone. */
export class Asker {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 2 });
  readonly #base: string;
  readonly #onCut: () => void;
  readonly #known = new WeakSet<object>();

  constructor(base: string, onCut: () => void) {
    this.#base = base;
    this.#onCut = onCut;
  }

  /** Never rejects. */
  async ask(path: string): Promise<Answer> {
    const first = await this.#once(path);
    // The service may have closed a kept connection while the question was under way.
    return first.kind === 'down' && first.seen === 'ECONNRESET' ? await this.#once(path) : first;
  }

  close(): void {
    this.#agent.destroy();
  }

  #once(path: string): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    let connected = false;
    const asked = request(`${this.#base}${path}`, { agent: this.#agent }, (response) => void read(response, resolve));
    const give = (answer: Answer) => {
      resolve(answer);
      asked.destroy();
    };
    const connecting = setTimeout(() => {
      if (!connected) give({ kind: 'down', seen: `no connection within ${CONNECT_MS} ms` });
    }, CONNECT_MS);
    const answering = setTimeout(() => give({ kind: 'silent', seen: `no answer within ${ANSWER_MS} ms` }), ANSWER_MS);
    asked.on('socket', (socket) => {
      if (!socket.connecting) connected = true;
      else
        socket.once('connect', () => {
          connected = true;
        });
      if (this.#known.has(socket)) return;
      this.#known.add(socket);
      socket.once('close', () => this.#onCut());
    });
    asked.on('error', (error: NodeJS.ErrnoException) => resolve({ kind: 'down', seen: error.code ?? error.message }));
    asked.end();
    return promise.finally(() => {
      clearTimeout(connecting);
      clearTimeout(answering);
    });
  }
}

async function read(response: IncomingMessage, resolve: (answer: Answer) => void): Promise<void> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) {
        response.destroy();
        return resolve({ kind: 'answer', status: 0, body: '' });
      }
      chunks.push(chunk);
    }
    resolve({ kind: 'answer', status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
  } catch {
    resolve({ kind: 'silent', seen: 'the answer was cut off' });
  }
}
