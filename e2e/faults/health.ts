import { get } from 'node:http';
import type { Stack } from '../model/stack.ts';

/** How long a health route that is not held up may take to answer on a loaded machine, several times over. */
const ANSWER_MS = 500;

/** The status of a health route, null when no answer came in time. A connection of its own: a kept one may be cut. */
export function askHealth(url: string, timeoutMs: number = ANSWER_MS): Promise<number | null> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const request = get(url, { agent: false, signal }, (response) => {
      response.resume();
      resolve(response.statusCode ?? null);
    });
    request.on('error', () => resolve(null));
  });
}

/** Where a process says how it is. */
export function healthUrl(stack: Stack, name: string, baseUrl: string = stack.baseUrl(name)): string {
  const definition = stack.processes.find((process) => process.name === name);
  return `${baseUrl}${definition?.healthPath ?? '/'}`;
}
