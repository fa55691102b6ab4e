import type Docker from 'dockerode';
import { LineCutter, LogFrames } from './log-frames.ts';

/** What dockerode gives back at run time: an HTTP response or a socket. */
export type DaemonStream = NodeJS.ReadWriteStream & { destroy(): void };

export interface Output {
  /** Resolves when the container has closed its output and every line of it was handed on. */
  ended: Promise<void>;
  /** Stops listening. */
  close(): void;
}

/**
 * Hands on what a container that does not run yet will write in its next incarnation, stdout and stderr alike. Attached
 * before each start it gives exactly the lines of that incarnation. The stored log with `since` would repeat or lose lines
 * where two incarnations share a timestamp, and it cuts lines at 16 KiB.
 */
export async function attachOutput(container: Docker.Container, onLine: (line: string) => void): Promise<Output> {
  const stream = (await container.attach({ stream: true, stdout: true, stderr: true })) as DaemonStream;
  const lines = { stdout: new LineCutter(onLine), stderr: new LineCutter(onLine) };
  const frames = new LogFrames((name, bytes) => lines[name].write(bytes));
  stream.on('data', (chunk: Buffer) => frames.write(chunk));
  const ended = streamEnd(stream).then(() => {
    lines.stdout.end();
    lines.stderr.end();
  });
  return { ended, close: () => stream.destroy() };
}

/** Resolves at the end of a stream, however it comes: a daemon that goes away resets the connection. */
export function streamEnd(stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['end', 'error', 'close']) stream.once(event, () => resolve());
  });
}
