import { expect } from 'vitest';
import type { Stack } from '../../../model/stack.ts';
import { DEADLINE_MS } from './await.ts';

const BESIDE = new URL('./beside.ts', import.meta.url);

/** The status of the health route, null when no answer came in time. */
export async function healthStatus(stack: Stack, process: string, timeoutMs = 5_000): Promise<number | null> {
  try {
    return (await fetch(`${stack.baseUrl(process)}/health`, { signal: AbortSignal.timeout(timeoutMs) })).status;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'TimeoutError') return null;
    throw error;
  }
}

export async function getJson(stack: Stack, process: string, path: string): Promise<unknown> {
  const response = await fetch(`${stack.baseUrl(process)}${path}`, { signal: AbortSignal.timeout(DEADLINE_MS) });
  expect(response.status).toBe(200);
  return response.json();
}

export async function postItem(stack: Stack, process: string, value: string): Promise<number> {
  const url = `${stack.baseUrl(process)}/items?value=${value}`;
  const response = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(DEADLINE_MS) });
  await response.text();
  return response.status;
}

/** `SQLITE_BUSY` while the child of a process lives, `free` once it is gone. */
export async function lockOfChild(stack: Stack, process: string): Promise<unknown> {
  const result = await stack.runBeside(BESIDE, ['lock', `{data}/locks/${process}.db`]);
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  return JSON.parse(result.stdout);
}

/** Posts one item after the other until stopped; `acknowledged` holds those that got 201. */
export function writeUntilStopped(stack: Stack, process: string) {
  const acknowledged: string[] = [];
  let stopping = false;
  const loop = async () => {
    for (let number = 1; !stopping; number++) {
      const value = `item-${number}`;
      if ((await postItem(stack, process, value)) === 201) acknowledged.push(value);
    }
  };
  const done = loop();
  return {
    acknowledged,
    stop: () => {
      stopping = true;
      return done;
    },
  };
}
