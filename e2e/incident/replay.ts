/** A stack of the service on a copy of the incident's data, until it is told to end. */
import { once } from 'node:events';
import { newRunId } from '../engine/shared/run-id.ts';
import type { ServiceDefinition } from '../model/service.ts';
import type { Engine } from '../model/stack.ts';

/** Starts it, says where it listens, and waits for the signal; then all of it is removed. */
export async function replay(
  engine: Engine,
  service: ServiceDefinition,
  database: string,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  await engine.prepare([service], say, signal);
  await using stack = await engine.createStack({ service, runId: newRunId(), seedDatabase: database });
  const remove = async () => {
    try {
      await stack[Symbol.asyncDispose]();
    } catch {
      // It shows again when the stack is disposed below; here nobody could be told.
    }
  };
  signal.addEventListener('abort', remove, { once: true });
  await stack.start();
  say(`${service.name} runs on a copy of the data, on the ${engine.name} engine, until Ctrl-C:`);
  for (const { name, healthPath } of stack.processes) say(`  ${name}: ${stack.baseUrl(name)}${healthPath}`);
  // Pipes of child processes alone would keep this one, containers would not.
  const alive = setInterval(() => undefined, 2 ** 30);
  try {
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    clearInterval(alive);
    signal.removeEventListener('abort', remove);
  }
}
