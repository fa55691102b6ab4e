import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/**
 * What `launch.sh` does, for a program that was started by a Node, whichever it is: plain JavaScript, since an older one
 * has to read it. The script turns into the program, so there is one process to pass signals on to.
 *
 * @param {string} program path of the program, relative to this folder
 */
export async function launch(program) {
  const script = fileURLToPath(new URL('launch.sh', import.meta.url));
  const env = { ...process.env, NODE: process.execPath };
  const child = spawn('/bin/sh', [script, program, ...process.argv.slice(2)], { stdio: 'inherit', env });
  // Ctrl-C in a terminal reaches the child by itself; a signal sent to this process alone is passed on.
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT');
  });
  const [exitCode, signal] = await once(child, 'exit');
  process.exitCode = exitCode ?? 128 + (constants.signals[signal] ?? 0);
}
