import { Agent, request } from 'undici';
import type { CallResult } from '../model/scenario.ts';

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

/** The connection was never made, so the call certainly did not happen. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT', 'EADDRNOTAVAIL', 'EHOSTUNREACH']);

/** Sends HTTP calls over kept connections and turns every way a call can end into an outcome. Never throws. */
export class HttpClient implements AsyncDisposable {
  readonly #agent: Agent;

  constructor(connections: number) {
    this.#agent = new Agent({
      connections,
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      connect: { timeout: 2_000 },
    });
  }

  async send({ method, url, body }: HttpCall): Promise<Reply> {
    try {
      const response = await request(url, {
        dispatcher: this.#agent,
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      const text = await response.body.text();
      return judge(response.statusCode, text);
    } catch (error) {
      return lost(error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}

function judge(status: number, text: string): Reply {
  const body = parse(text);
  if (status < 300) return { outcome: 'ok', status, body };
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
