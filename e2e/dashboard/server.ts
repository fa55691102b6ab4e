import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Context, Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Observer } from './observer.ts';

/** The page is told at least so often. */
const TICK_MS = 500;
/** Each open page holds a connection; beyond these the next one is refused. */
const MOST_PAGES = 32;
const OWN_NAMES = new Set(['127.0.0.1', 'localhost', '[::1]']);

const PAGE = join(import.meta.dirname, 'page');
const require = createRequire(import.meta.url);
const JS = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';

/** What the page is made of: name in the address, file, type. Nothing else of the disk can be asked for. */
const FILES: readonly [string, string, string][] = [
  ['/', join(PAGE, 'index.html'), 'text/html; charset=utf-8'],
  ['/page.css', join(PAGE, 'page.css'), CSS],
  ['/uplot.css', require.resolve('uplot/dist/uPlot.min.css'), CSS],
  ['/uplot.js', require.resolve('uplot/dist/uPlot.esm.js'), JS],
  ...['main', 'actions', 'charts', 'connections', 'dom', 'format', 'lanes', 'model', 'services', 'stream'].map(
    (name): [string, string, string] => [`/${name}.js`, join(PAGE, `${name}.js`), JS],
  ),
];

/** Wakes every open page: at the beat, and at once when something has happened. */
export class Beat {
  #next = Promise.withResolvers<void>();
  readonly #timer = setInterval(() => this.strike(), TICK_MS);

  strike(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers<void>();
  }

  next(): Promise<void> {
    return this.#next.promise;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.strike();
  }
}

/** The live page and what feeds it. Nothing here changes anything: what acts is the control server of `walproof up`. */
export async function createApp(observer: Observer, beat: Beat, controlPort: number | null): Promise<Hono> {
  const files = await Promise.all(
    FILES.map(async ([path, file, type]) => ({ path, type, body: await readFile(file) })),
  );
  const app = new Hono();
  let pages = 0;

  // A name of somebody else's that leads to 127.0.0.1 must not read what is shown here.
  app.use(async (c, next) => {
    const name = (c.req.header('host') ?? '').replace(/:\d+$/, '');
    if (!OWN_NAMES.has(name)) return c.text('this page is served to 127.0.0.1 alone\n', 403);
    secure(c, controlPort);
    return next();
  });

  for (const { path, type, body } of files)
    app.get(path, (c) => c.body(new Uint8Array(body), 200, { 'content-type': type }));
  app.get('/favicon.ico', (c) => c.body(null, 204));
  app.get('/health', (c) => c.json({ status: 'ok' }));
  app.get('/now', (c) => c.json(observer.now));
  app.get('/history', (c) => {
    const history = observer.history(Number(c.req.query('step')));
    return history === null ? c.json({ error: 'no such step' }, 404) : c.json(history);
  });
  app.get('/events', (c) => {
    if (pages >= MOST_PAGES) return c.text(`${MOST_PAGES} pages are open already\n`, 503);
    return streamSSE(c, async (stream) => {
      pages++;
      try {
        const snapshot = observer.snapshot;
        let markId = snapshot.marks.at(-1)?.id ?? 0;
        let toldMs = snapshot.now.nowMs;
        await stream.writeSSE({ event: 'snapshot', data: JSON.stringify(snapshot), retry: TICK_MS });
        // A page that reads slowly is waited for, and then gets the present: nothing piles up.
        while (!stream.aborted) {
          await beat.next();
          const tick = observer.tickSince(markId, toldMs);
          markId = tick.marks.at(-1)?.id ?? markId;
          toldMs = tick.now.nowMs;
          await stream.writeSSE({ event: 'tick', data: JSON.stringify(tick) });
        }
      } finally {
        pages--;
      }
    });
  });
  app.notFound((c) => c.text('there is no such page\n', 404));
  return app;
}

function secure(c: Context, controlPort: number | null): void {
  const control = controlPort === null ? '' : ` http://127.0.0.1:${controlPort}`;
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `connect-src 'self'${control}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  c.header('content-security-policy', policy.join('; '));
  c.header('x-content-type-options', 'nosniff');
  c.header('referrer-policy', 'no-referrer');
  c.header('cross-origin-resource-policy', 'same-origin');
  c.header('cache-control', 'no-store');
}
