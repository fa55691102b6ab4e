import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { PROJECT_ROOT } from '../../engine/shared/project-root.ts';
import { WalproofError } from '../../model/errors.ts';

const SHOWN_LINES = 20;

export interface ComposeOptions {
  env?: NodeJS.ProcessEnv;
  /** What it says about its progress, line by line. */
  onLine?: (line: string) => void;
  signal?: AbortSignal | undefined;
}

/** Runs `docker compose` on the project's file, with all its profiles, and returns what it wrote to stdout. */
export async function compose(args: readonly string[], options: ComposeOptions = {}): Promise<string> {
  const { env, onLine, signal } = options;
  const child = spawn('docker', ['compose', '--progress', 'plain', '--profile', 'traffic', ...args], {
    cwd: PROJECT_ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C in a terminal would reach it as well, and it must not stop what is about to be removed in order.
    detached: true,
  });
  const stop = () => child.kill('SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  let stdout = '';
  const lines: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line);
    if (lines.length > SHOWN_LINES) lines.shift();
    onLine?.(line);
  });
  const ended = Promise.withResolvers<number | null>();
  child.once('error', ended.reject);
  child.once('close', ended.resolve);
  const exitCode = await ended.promise.finally(() => signal?.removeEventListener('abort', stop));
  signal?.throwIfAborted();
  if (exitCode === 0) return stdout;
  throw refused(args, exitCode, lines);
}

function refused(args: readonly string[], exitCode: number | null, lines: readonly string[]): WalproofError {
  const said = lines.join('\n');
  const port = /(?:127\.0\.0\.1:|port )(\d+).*(?:already allocated|already in use)/.exec(said)?.[1];
  if (port !== undefined || /address already in use/.test(said)) {
    return new WalproofError(
      'PORT_IN_USE',
      `expected port ${port ?? 'of the stack'} on 127.0.0.1 to be free, it is in use`,
      'end what listens there (ss -ltnp), or set NANOCLAW_PORT, ORACLE_PORT or OBSERVER_PORT',
      { details: lines },
    );
  }
  return new WalproofError(
    'COMPOSE_UNAVAILABLE',
    `expected docker compose ${args[0]} to succeed, it ended with ${exitCode ?? 'a signal'}`,
    'read the lines below; docker compose up shows what the services say',
    { details: lines },
  );
}

/** What `docker compose config` makes of the file and the environment. */
export interface ComposeConfig {
  name: string;
  services: Record<string, { ports?: { target: number; published: string }[] }>;
}

export async function composeConfig(env: NodeJS.ProcessEnv = {}): Promise<ComposeConfig> {
  return JSON.parse(await compose(['config', '--format', 'json'], { env })) as ComposeConfig;
}
