import { createHash, timingSafeEqual } from 'node:crypto';

/** What is known of a request before its body is read. */
export interface Asking {
  method: string;
  remoteAddress: string | undefined;
  host: string | undefined;
  origin: string | undefined;
  authorization: string | undefined;
  contentType: string | undefined;
}

export interface Admitted {
  /** Of the control server itself. */
  port: number;
  /** `http://127.0.0.1:<port>` of the page. */
  pageOrigin: string;
  token: string;
}

const LOOPBACK = new Set(['127.0.0.1', '::ffff:127.0.0.1']);

/**
 * Why a request is refused; null when it may act. A page of somebody else's may send requests to 127.0.0.1 from the browser
 * of whoever reads it: its Origin gives it away. A name of somebody else's that leads to 127.0.0.1 makes such a page's origin
 * its own: then the Host is wrong. The token keeps out everything else that runs on this machine.
 */
export function refusalOf(asking: Asking, admitted: Admitted): string | null {
  const early = preflightRefusal(asking, admitted);
  if (early !== null) return early;
  const given = /^Bearer ([\w-]+)$/.exec(asking.authorization ?? '')?.[1];
  if (given === undefined) return 'there is no token';
  if (!isSame(given, admitted.token)) return 'the token is not the one of this run';
  // What a form or an image can send without asking first is never this type.
  if (asking.method === 'POST' && !/^application\/json\s*(;|$)/i.test(asking.contentType ?? ''))
    return 'the body is not application/json';
  return null;
}

/** The same for the question a browser asks before it sends the request itself, which carries no token. */
export function preflightRefusal(asking: Asking, { port, pageOrigin }: Admitted): string | null {
  if (!LOOPBACK.has(asking.remoteAddress ?? '')) return 'it does not come from 127.0.0.1';
  if (asking.host !== `127.0.0.1:${port}`) return 'the Host is not this server';
  if (asking.origin !== pageOrigin) return 'the Origin is not the live page';
  return null;
}

/** Takes the same time wherever they differ; hashed first, since only texts of one length can be compared so. */
function isSame(given: string, expected: string): boolean {
  const [a, b] = [given, expected].map((text) => createHash('sha256').update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}
