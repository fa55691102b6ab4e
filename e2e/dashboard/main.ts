/**
 * The observer: watches services from outside and serves the live page. It sees their data folders and their HTTP faces; it
 * never opens a database, and it has nothing to act with.
 */
import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { EXIT, messageOf } from '../model/errors.ts';
import { Observer } from './observer.ts';
import { Beat, createApp } from './server.ts';
import { readSettings, type Settings } from './settings.ts';

async function serve(settings: Settings): Promise<void> {
  const beat = new Beat();
  const observer = new Observer(settings, () => beat.strike());
  const app = await createApp(observer, beat, settings.controlPort);
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  const listening = Promise.withResolvers<void>();
  server.once('error', listening.reject);
  server.listen(settings.port, settings.host, listening.resolve);
  await listening.promise;
  // Before it says that it is ready: whoever waits for that may ask it to end at once.
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      observer.close();
      beat.stop();
      server.close();
      server.closeAllConnections();
    });
  const address = server.address();
  console.log(JSON.stringify({ event: 'ready', port: typeof address === 'object' ? address?.port : address }));
}

function settingsOrExit(): Settings {
  try {
    return readSettings(process.env);
  } catch (error) {
    console.error(messageOf(error));
    process.exit(EXIT.usage);
  }
}

await serve(settingsOrExit());
