/**
 * autocannon in a process of its own, as our traffic: `autocannon.ts <url> <clients> <ms> <route>` asks for a second to grow warm and
 * then for as long as it is told, and prints what came of that as JSON.
 */
import { createRequire } from 'node:module';
import { type Answer, BODY, cpuMs, PATH, WARM_MS } from './calls.ts';

interface Options {
  url: string;
  connections: number;
  duration: number;
  method: string;
  headers?: Record<string, string>;
  body?: string;
}

/** It has no types of its own. */
const autocannon = createRequire(import.meta.url)('autocannon') as (options: Options) => Promise<{
  duration: number;
  errors: number;
  non2xx: number;
  '2xx': number;
}>;

const [url = '', clients = '', ms = '', method = 'GET'] = process.argv.slice(2);
const posted = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(BODY) };
const asked = { url: url + PATH, connections: Number(clients), method, ...(method === 'GET' ? {} : posted) };
await autocannon({ ...asked, duration: WARM_MS / 1_000 });
const beganMs = cpuMs();
const seen = await autocannon({ ...asked, duration: Number(ms) / 1_000 });
const answer: Answer = {
  requests: seen['2xx'],
  failed: seen.errors + seen.non2xx,
  elapsedMs: 1_000 * seen.duration,
  cpuMs: cpuMs() - beganMs,
};
console.log(JSON.stringify(answer));
