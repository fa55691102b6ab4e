/**
 * Claim:  only the live page, with the token of this run, makes `walproof up` act; anything else gets 403 and changes nothing.
 * Method: a real server, and requests written by hand, so that each header is exactly what is meant, on every acting route.
 * Red as: a hand that moved, or a status that is not 403.
 */
import { once } from 'node:events';
import { type ClientRequestArgs, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ControlServer } from '../commands/live/control-server.ts';
import type { Hands } from '../commands/live/hands.ts';
import { WISH_NAMES } from '../commands/live/wishes.ts';
import type { WishName } from '../dashboard/control.ts';

const PAGE = 'http://127.0.0.1:47780';
const BODIES: Record<WishName, object> = {
  traffic: { on: false },
  restart: { process: 'oracle' },
  kill: { process: 'oracle' },
  'hold-lock': { service: 'oracle-v2' },
  variant: { service: 'oracle-v2', variant: 'unpatched' },
};

let control: ControlServer;
let moved: string[] = [];
/** What a hand waits for before it is done. */
let held: Promise<void> = Promise.resolve();

function handsThatTell(): Hands {
  const does = (name: string) => async (what: object) => {
    moved.push(`${name} ${JSON.stringify(what)}`);
    await held;
    if (name === 'kill') throw new Error('it does not run');
    return 'done';
  };
  return {
    services: { 'oracle-v2': ['oracle'] },
    variants: { 'oracle-v2': 'patched' },
    down: async () => [],
    does: {
      traffic: does('traffic'),
      restart: does('restart'),
      kill: does('kill'),
      'hold-lock': does('hold-lock'),
      variant: does('variant'),
    },
  };
}

beforeEach(async () => {
  moved = [];
  held = Promise.resolve();
  control = new ControlServer(handsThatTell(), PAGE);
  await control.listen();
});

afterEach(() => control[Symbol.asyncDispose]());

interface Sent {
  method?: string;
  path: string;
  headers?: Record<string, string | undefined>;
  body?: string;
}

/** As the page sends it, but for what is given. */
async function send({ method = 'POST', path, headers = {}, body = '' }: Sent) {
  const all: Record<string, string | undefined> = {
    host: `127.0.0.1:${control.port}`,
    origin: PAGE,
    authorization: `Bearer ${control.token}`,
    'content-type': 'application/json',
    ...headers,
  };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  const args: ClientRequestArgs = {
    host: '127.0.0.1',
    port: control.port,
    method,
    path,
    headers: given as Record<string, string>,
  };
  const asked = request(args);
  asked.end(body);
  const [response] = await once(asked, 'response');
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

const FOREIGN: [string, Record<string, string | undefined>][] = [
  ['a foreign Host', { host: 'evil.example' }],
  ['a foreign Host on the right port', { host: 'evil.example:80' }],
  ['the Host localhost, which somebody else may resolve', { host: 'localhost' }],
  ['a foreign Origin', { origin: 'https://evil.example' }],
  ['the Origin of another port', { origin: 'http://127.0.0.1:9' }],
  ['the Origin null, as of a sandboxed frame', { origin: 'null' }],
  ['no Origin', { origin: undefined }],
  ['no token', { authorization: undefined }],
  ['an empty token', { authorization: 'Bearer ' }],
  ['a wrong token', { authorization: 'Bearer AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
  ['a token by another scheme', { authorization: 'Basic abc' }],
  ['a body that a form can send', { 'content-type': 'text/plain' }],
  ['no content type', { 'content-type': undefined }],
];

describe.each(WISH_NAMES)('POST /%s', (name) => {
  test('from the page it acts', async () => {
    const { status, headers } = await send({ path: `/${name}`, body: JSON.stringify(BODIES[name]) });
    expect(status).toBe(name === 'kill' ? 500 : 200);
    expect(headers['access-control-allow-origin']).toBe(PAGE);
    expect(moved).toEqual([`${name} ${JSON.stringify(BODIES[name])}`]);
  });

  test.each(FOREIGN)('with %s it gets 403 and changes nothing', async (_what, headers) => {
    const refused = await send({ path: `/${name}`, headers, body: JSON.stringify(BODIES[name]) });
    expect(refused.status).toBe(403);
    const isPage = !('host' in headers) && !('origin' in headers);
    expect(refused.headers['access-control-allow-origin']).toBe(isPage ? PAGE : undefined);
    expect(moved).toEqual([]);
    expect(control.state).toEqual({ current: null, done: [], variants: { 'oracle-v2': 'patched' } });
  });

  test.each(['', '[]', '{}', '{"process":"other"}', '{"service":"../x"}', '{"on":"yes"}', 'x'.repeat(10_000)])(
    'with a body that makes no sense it gets 400 and changes nothing: %.30s',
    async (body) => {
      expect((await send({ path: `/${name}`, body })).status).toBe(400);
      expect(moved).toEqual([]);
    },
  );
});

test('the state is told to the page alone', async () => {
  expect((await send({ method: 'GET', path: '/state' })).status).toBe(200);
  for (const [, headers] of FOREIGN.filter(([, each]) => !('content-type' in each)))
    expect((await send({ method: 'GET', path: '/state', headers })).status).toBe(403);
});

test('a browser may ask beforehand from the page, and from nowhere else', async () => {
  const asked = { method: 'OPTIONS', path: '/kill' };
  const allowed = await send({ ...asked, headers: { authorization: undefined, 'content-type': undefined } });
  expect(allowed.status).toBe(204);
  expect(allowed.headers).toMatchObject({
    'access-control-allow-origin': PAGE,
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': 'authorization, content-type',
  });
  for (const headers of [{ origin: 'https://evil.example' }, { host: 'evil.example' }, { origin: undefined }])
    expect((await send({ ...asked, headers })).status).toBe(403);
});

test.each([
  ['GET', '/kill'],
  ['POST', '/state'],
  ['POST', '/other'],
  ['DELETE', '/kill'],
])('%s %s is no route', async (method, path) => {
  expect((await send({ method, path, body: '{}' })).status).toBe(404);
  expect(moved).toEqual([]);
});

test('one thing at a time: a second wish is refused while the first is under way', async () => {
  const release = Promise.withResolvers<void>();
  held = release.promise;
  const first = send({ path: '/restart', body: JSON.stringify(BODIES.restart) });
  await expect.poll(() => control.state.current?.title).toBe('restart oracle');
  const second = await send({ path: '/traffic', body: JSON.stringify(BODIES.traffic) });
  expect(second.status).toBe(409);
  expect(JSON.parse(second.body)).toMatchObject({
    error: { code: 'BUSY', message: expect.stringContaining('restart oracle') },
  });
  release.resolve();
  expect((await first).status).toBe(200);
  expect(moved).toHaveLength(1);
  expect(control.state).toMatchObject({
    current: null,
    done: [{ title: 'restart oracle', ok: true, message: 'done' }],
  });
});

test('a wish that fails says why, and the next one may come', async () => {
  expect((await send({ path: '/kill', body: JSON.stringify(BODIES.kill) })).status).toBe(500);
  expect(control.state.done).toMatchObject([{ title: 'kill oracle', ok: false, message: 'it does not run' }]);
  expect((await send({ path: '/restart', body: JSON.stringify(BODIES.restart) })).status).toBe(200);
});
