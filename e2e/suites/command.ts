/** The real `walproof` command in a process of its own, for the files about what is typed. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../engine/shared/project-root.ts';

export interface Ended {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  pid: number | undefined;
  stderr(): string;
  signal(name: NodeJS.Signals): void;
  ended: Promise<Ended>;
}

export interface Surroundings {
  env?: NodeJS.ProcessEnv;
  /** What runs it, e.g. a shell that prepares its disk. */
  under?: readonly string[];
  /** A copy of the project in place of the project. */
  project?: string;
}

export function start(
  args: readonly string[],
  { env, under = [], project = PROJECT_ROOT }: Surroundings = {},
): Running {
  const [program = '', ...rest] = [...under, process.execPath, join(project, 'e2e/cli.ts'), ...args];
  const child = spawn(program, rest, { cwd: project, env: { ...process.env, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const ended = Promise.withResolvers<Ended>();
  child.once('error', ended.reject);
  child.once('close', (exitCode) => ended.resolve({ exitCode, stdout, stderr }));
  return { pid: child.pid, stderr: () => stderr, signal: (name) => child.kill(name), ended: ended.promise };
}

export const walproof = (...args: string[]): Promise<Ended> => start(args).ended;
