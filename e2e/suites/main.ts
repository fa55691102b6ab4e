/**
 * `npm test`: the whole suite. Pure tests and the process engine always run; the docker engine too where a daemon
 * answers. With WALPROOF_REQUIRE=docker a missing daemon is a failure. Arguments are passed on to vitest, e.g. a file name.
 */
import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dockerAvailability } from '../engine/docker/availability.ts';
import { EXIT } from '../model/errors.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RESULTS = join(ROOT, 'runs', 'tests.json');

const docker = await dockerAvailability();
if (!docker.ok && process.env['WALPROOF_REQUIRE'] === 'docker') {
  console.error(`walproof: WALPROOF_REQUIRE=docker, but no daemon serves: ${docker.reason}\nnext: ${docker.next}`);
  process.exit(EXIT.unavailable);
}
const missing = docker.ok && docker.composeVersion === null ? 'the Compose v2 plugin does not answer' : null;
if (missing !== null && process.env['WALPROOF_REQUIRE'] === 'docker') {
  console.error(`walproof: WALPROOF_REQUIRE=docker, but ${missing}\nnext: install the docker compose plugin`);
  process.exit(EXIT.unavailable);
}

const engines = docker.ok && missing === null ? ['process', 'docker'] : ['process'];
await rm(RESULTS, { force: true });
const exitCode = await runVitest(engines, process.argv.slice(2));
await sayWhatRan();
process.exitCode = exitCode;

async function runVitest(engineNames: readonly string[], args: readonly string[]): Promise<number> {
  // The file behind its `vitest` command; the package exports only its package.json beside the API.
  const vitest = fileURLToPath(new URL('./vitest.mjs', import.meta.resolve('vitest/package.json')));
  const config = join(ROOT, 'e2e', 'suites', 'vitest.config.ts');
  const child = spawn(process.execPath, [vitest, 'run', '--config', config, ...args], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, WALPROOF_ENGINES: engineNames.join(',') },
  });
  // Ctrl-C reaches vitest as well; it ends in order, and so does this process after it.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const ended = Promise.withResolvers<number>();
  child.once('error', ended.reject);
  child.once('exit', (code) => ended.resolve(code ?? 1));
  return ended.promise;
}

async function sayWhatRan(): Promise<void> {
  const results = JSON.parse(await readFile(RESULTS, 'utf8').catch(() => 'null')) as {
    numPassedTests: number;
    numFailedTests: number;
    numPendingTests: number;
  } | null;
  console.log(`engines: ${engines.join(' and ')}`);
  if (!docker.ok) console.log(`the docker engine was NOT tested: ${docker.reason}; ${docker.next}`);
  if (missing !== null) console.log(`the docker engine was NOT tested: ${missing}`);
  if (results === null) return console.log('no results were written');
  console.log(`${results.numPassedTests} passed, ${results.numFailedTests} failed, ${results.numPendingTests} skipped`);
}
