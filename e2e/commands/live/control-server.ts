import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { ActionDone, ControlState } from '../../dashboard/control.ts';
import { messageOf } from '../../model/errors.ts';
import { type Admitted, type Asking, preflightRefusal, refusalOf } from './gate.ts';
import type { Hands } from './hands.ts';
import { understand, WISH_NAMES, type Wish } from './wishes.ts';

const MOST_BYTES = 4_096;
/** The page shows the last ones on its charts. */
const MOST_DONE = 50;

export interface ControlEvents {
  /** Awaited before anything is done. */
  onBegin?(wish: Wish): Promise<void>;
  onEnd?(done: ActionDone): void;
}

/**
 * Lets the live page act: a server on 127.0.0.1 alone, for one page with one token. One thing at a time; whatever is not
 * admitted gets 403 and changes nothing.
 */
export class ControlServer implements AsyncDisposable {
  readonly token = randomBytes(32).toString('base64url');
  readonly #hands: Hands;
  readonly #pageOrigin: string;
  readonly #events: ControlEvents;
  readonly #server: Server;
  readonly #done: ActionDone[] = [];
  #current: { title: string; beganAtMs: number } | null = null;
  #port = 0;
  #nextId = 1;

  constructor(hands: Hands, pageOrigin: string, events: ControlEvents = {}) {
    this.#hands = hands;
    this.#pageOrigin = pageOrigin;
    this.#events = events;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  get port(): number {
    return this.#port;
  }

  get state(): ControlState {
    return { current: this.#current, done: this.#done, variants: { ...this.#hands.variants } };
  }

  async listen(): Promise<void> {
    const listening = Promise.withResolvers<void>();
    this.#server.once('error', listening.reject);
    this.#server.listen(0, '127.0.0.1', listening.resolve);
    await listening.promise;
    const address = this.#server.address();
    this.#port = typeof address === 'object' && address !== null ? address.port : 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asking = askingOf(request);
    const admitted: Admitted = { port: this.#port, pageOrigin: this.#pageOrigin, token: this.token };
    const isPage = preflightRefusal(asking, admitted) === null;
    // The page itself may read that its token is an old one; nobody else reads anything.
    if (isPage) response.setHeader('access-control-allow-origin', this.#pageOrigin);
    response.setHeader('vary', 'origin');
    const isPreflight = request.method === 'OPTIONS';
    const refusal = isPreflight ? preflightRefusal(asking, admitted) : refusalOf(asking, admitted);
    if (refusal !== null) return answer(response, 403, { error: { code: 'REFUSED', message: refusal } });
    if (isPreflight) return allowPreflight(request, response);
    if (request.method === 'GET' && request.url === '/state') return answer(response, 200, this.state);
    const name = WISH_NAMES.find((each) => request.url === `/${each}`);
    if (request.method !== 'POST' || name === undefined)
      return answer(response, 404, { error: { code: 'NOT_FOUND', message: 'there is no such route' } });
    try {
      await this.#act(understand(this.#hands, name, JSON.parse(await bodyOf(request))), response);
    } catch (error) {
      answer(response, 400, { error: { code: 'INVALID_BODY', message: messageOf(error) } });
    }
  }

  async #act(wish: Wish, response: ServerResponse): Promise<void> {
    if (this.#current !== null) {
      const message = `${this.#current.title} is under way; one thing at a time`;
      return answer(response, 409, { error: { code: 'BUSY', message } });
    }
    const beganAtMs = Date.now();
    const { name, title, service } = wish;
    this.#current = { title, beganAtMs };
    const outcome = await this.#fulfil(wish).then(
      (message) => ({ ok: true, message }),
      (error: unknown) => ({ ok: false, message: messageOf(error) }),
    );
    const done = { id: this.#nextId++, wish: name, title, service, beganAtMs, endedAtMs: Date.now(), ...outcome };
    this.#done.push(done);
    this.#done.splice(0, this.#done.length - MOST_DONE);
    this.#current = null;
    this.#events.onEnd?.(done);
    answer(response, outcome.ok ? 200 : 500, done);
  }

  async #fulfil(wish: Wish): Promise<string> {
    await this.#events.onBegin?.(wish);
    return await wish.fulfil();
  }
}

function askingOf({ method = '', socket, headers }: IncomingMessage): Asking {
  const { host, origin, authorization, 'content-type': contentType } = headers;
  return { method, remoteAddress: socket.remoteAddress, host, origin, authorization, contentType };
}

function allowPreflight(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('access-control-allow-methods', 'GET, POST');
  response.setHeader('access-control-allow-headers', 'authorization, content-type');
  // Chromium asks for it where a page reaches from one network into a nearer one.
  if (request.headers['access-control-request-private-network'] === 'true')
    response.setHeader('access-control-allow-private-network', 'true');
  response.writeHead(204).end();
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new RangeError(`body: expected at most ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent) return;
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}
