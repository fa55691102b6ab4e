import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type Docker from 'dockerode';
import { WalproofError } from '../../model/errors.ts';
import type { RunResult } from '../../model/stack.ts';
import { SHOWN_LINES } from '../shared/line-ring.ts';
import { fillPlaceholders } from '../shared/placeholders.ts';
import { until } from '../shared/until.ts';
import { within } from './deadline.ts';
import { nodeArguments } from './evaluated.ts';
import { LogFrames } from './log-frames.ts';
import { type DaemonStream, streamEnd } from './output.ts';
import { DATA_DIR } from './plan.ts';
import { asked } from './refusal.ts';

/** What coreutils' `timeout -s KILL` and a program ended by SIGKILL both exit with. */
const KILLED = 137;
/** How much later than the program's own deadline the daemon may report its end. */
const REPORT_MS = 10_000;

/**
 * Runs a script in the observer container. Its source travels as an argument: the daemon copies no files into a container
 * whose root is read-only, a tmpfs included, and a source that Node evaluates finds the packages of its working directory.
 */
export async function runBeside(
  observer: Docker.Container,
  script: URL,
  args: readonly string[],
  timeoutMs: number,
): Promise<RunResult> {
  const name = basename(fileURLToPath(script));
  const source = await readFile(script, 'utf8');
  const filled = args.map((argument) => fillPlaceholders(argument, { data: DATA_DIR }));
  // The daemon cannot end a program it runs in a container, so something inside must.
  const limit = ['timeout', '-s', 'KILL', String(timeoutMs / 1_000)];
  const beganAt = performance.now();
  const work = execute(observer, [...limit, 'node', ...nodeArguments(source), ...filled]);
  const result = await within(timeoutMs + REPORT_MS, `the end of ${name}`, asked(`run ${name}`, work));
  if (result.exitCode !== KILLED) return result;
  const late = performance.now() - beganAt >= timeoutMs;
  throw new WalproofError(
    'PROBE_FAILED',
    `expected ${name} to end by itself beside the services, but ${late ? `it ran for more than ${timeoutMs} ms` : 'SIGKILL ended it'}`,
    'Its last lines on stderr are below; a lock held by a service is the usual reason to wait.',
    { details: result.stderr.split('\n').filter(Boolean).slice(-SHOWN_LINES) },
  );
}

/** Runs a command in a container that runs, and returns when its output has ended. */
export async function execute(container: Docker.Container, command: string[]): Promise<RunResult> {
  const exec = await container.exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
  const stream = (await exec.start({})) as unknown as DaemonStream;
  const written: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  const frames = new LogFrames((name, bytes) => written[name].push(bytes));
  stream.on('data', (chunk: Buffer) => frames.write(chunk));
  await streamEnd(stream);
  const exitCode = await exitCodeOf(exec);
  return {
    exitCode,
    stdout: Buffer.concat(written.stdout).toString('utf8'),
    stderr: Buffer.concat(written.stderr).toString('utf8'),
  };
}

/** The output can end a moment before the daemon knows the exit code. */
async function exitCodeOf(exec: Docker.Exec): Promise<number> {
  let exitCode: number | null = null;
  await until(
    async () => {
      const info = await exec.inspect();
      if (!info.Running) exitCode = info.ExitCode;
      return !info.Running;
    },
    { deadlineMs: REPORT_MS, everyMs: 5 },
  );
  return exitCode ?? KILLED;
}
