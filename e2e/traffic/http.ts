import type { Dispatcher } from 'undici';
import type { CallResult } from '../model/scenario.ts';
import { Connections } from './connections.ts';

/** What came back, and the body when there was one. */
export interface Reply extends CallResult {
  body: unknown;
}

export interface HttpCall {
  method: 'GET' | 'POST';
  url: string;
  body?: unknown;
}

/** A call may wait for a lock as long as the busy timeout (30 s); a reply that takes longer is counted as lost. */
const TIMEOUT_MS = 35_000;

const JSON_HEAD = { 'content-type': 'application/json' };

/** The connection was never made, so the call certainly did not happen. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT', 'EADDRNOTAVAIL', 'EHOSTUNREACH']);

/**
 * The kernel asks a silent peer whether it is still there. A container taken off its network says no goodbye where Docker runs no
 * proxy for its port: the address then belongs to nobody, which answers the question with a reset. Otherwise a call that had arrived
 * would wait for its whole timeout, though no lock does. A frozen process does not mind: its kernel answers for it.
 */
const ASK_AFTER_MS = 1_000;

const OPTIONS = {
  headersTimeout: TIMEOUT_MS,
  bodyTimeout: TIMEOUT_MS,
  connect: { timeout: 2_000, keepAlive: true, keepAliveInitialDelay: ASK_AFTER_MS },
};

/** Sends HTTP calls over kept connections and turns every way a call can end into an outcome. Never throws. */
export class HttpClient implements AsyncDisposable {
  /** Aborted when nobody waits for replies any more: who asks again and again then gives up. */
  readonly signal: AbortSignal | undefined;
  readonly #connections: number;
  readonly #origins = new Map<string, Connections>();

  /** @param connections to each origin; further calls wait for one. */
  constructor(connections: number, signal?: AbortSignal) {
    this.#connections = connections;
    this.signal = signal;
  }

  send({ method, url, body }: HttpCall): Promise<Reply> {
    const { promise, resolve } = Promise.withResolvers<Reply>();
    try {
      const { origin, path } = parted(url);
      const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: JSON_HEAD };
      this.#to(origin).use((client, done) => {
        const end = (reply: Reply) => {
          done();
          resolve(reply);
        };
        // Without undici's own body stream, which costs as much as the rest of the call.
        client.dispatch({ path, method, ...sent }, new ReplyHandler(end));
      });
    } catch (error) {
      resolve(lost(error));
    }
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#origins.values()].map((connections) => connections.destroy()));
  }

  #to(origin: string): Connections {
    let connections = this.#origins.get(origin);
    if (connections === undefined) {
      connections = new Connections(origin, this.#connections, OPTIONS);
      this.#origins.set(origin, connections);
    }
    return connections;
  }
}

/** Collects a reply, and judges it when all of it is there. */
class ReplyHandler implements Dispatcher.DispatchHandler {
  readonly #resolve: (reply: Reply) => void;
  readonly #chunks: Buffer[] = [];
  #status = 0;

  constructor(resolve: (reply: Reply) => void) {
    this.#resolve = resolve;
  }

  onRequestStart(): void {
    // Nothing to keep: a call is never taken back.
  }

  onResponseStart(_: unknown, status: number): void {
    // 1xx comes before the reply itself.
    this.#status = status;
  }

  onResponseData(_: unknown, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first] = this.#chunks;
    const whole = first !== undefined && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks);
    this.#resolve(judge(this.#status, whole.toString()));
  }

  onResponseError(_: unknown, error: Error): void {
    this.#resolve(lost(error));
  }
}

/** Origin and path, as undici wants them. A URL would be read by the same rules again in every call. */
function parted(url: string): { origin: string; path: string } {
  const slash = url.indexOf('/', url.indexOf('://') + 3);
  return slash < 0 ? { origin: url, path: '/' } : { origin: url.slice(0, slash), path: url.slice(slash) };
}

/** Its body is JSON that few callers look at, and reading it costs as much as the call where there is much of it. */
class Acknowledged implements Reply {
  readonly outcome = 'ok';
  readonly status: number;
  readonly #text: string;

  constructor(status: number, text: string) {
    this.status = status;
    this.#text = text;
  }

  get body(): unknown {
    return parse(this.#text);
  }
}

function judge(status: number, text: string): Reply {
  if (status < 300) return new Acknowledged(status, text);
  const body = parse(text);
  const { code, message } = problemOf(body) ?? { code: `HTTP_${status}`, message: text.slice(0, 200) };
  // A 4xx was refused before anything was written, so was a call to a service that is not ready, and a statement that
  // SQLite refused was rolled back. Any other 5xx leaves open what happened before it.
  const refused =
    status < 500 || code === 'NOT_READY' || code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED');
  return { outcome: refused ? 'fail' : 'info', status, body, error: { code, message } };
}

function lost(thrown: unknown): Reply {
  const { code = 'REPLY_LOST', message } = thrown as { code?: string; message: string };
  return { outcome: NEVER_SENT.has(code) ? 'fail' : 'info', body: null, error: { code, message } };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function problemOf(body: unknown): { code: string; message: string } | null {
  const error = (body as { error?: { code?: unknown; message?: unknown } } | null)?.error;
  return typeof error?.code === 'string' ? { code: error.code, message: String(error.message ?? '') } : null;
}
