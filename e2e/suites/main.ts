/**
 * `npm test`: the suite. Pure tests and the process engine always run; the docker engine too where a daemon answers, and the
 * tests of pages where a browser is installed. With WALPROOF_REQUIRE=docker,browser one that is missing is a failure.
 * Arguments are passed on to vitest, e.g. a file name.
 *
 * `npm run test:long` runs the files named `*.long.test.ts`: every fault, every repro, the checks against modules that break
 * their promises. They take minutes each; a pipeline runs both.
 */
import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dockerAvailability } from '../engine/docker/availability.ts';
import { createDockerEngine } from '../engine/docker/engine.ts';
import { EXIT, messageOf } from '../model/errors.ts';
import { SERVICES } from '../services/index.ts';
import { browserAvailability } from './browser/find.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const RESULTS = join(ROOT, 'runs', 'tests.json');

/** What must be there for the whole suite, and what may be asked for. */
const REQUIRABLE = ['docker', 'browser'] as const;

const required = requirements(process.env['WALPROOF_REQUIRE'] ?? '');
const docker = await dockerAvailability();
const browser = await browserAvailability();
const missing = docker.ok && docker.composeVersion === null ? 'the Compose v2 plugin does not answer' : null;
if (!docker.ok) require('docker', `no daemon serves: ${docker.reason}`, docker.next);
if (missing !== null) require('docker', missing, 'install the docker compose plugin');
if (!browser.ok) require('browser', browser.reason, browser.next);

const engines = docker.ok && missing === null ? ['process', 'docker'] : ['process'];
await rm(RESULTS, { force: true });
const [first, ...others] = process.argv.slice(2);
const args = first === '--long' ? others : process.argv.slice(2);
// Files that are named are found whatever their length.
const length = first === '--long' ? 'long' : args.some((arg) => !arg.startsWith('-')) ? 'any' : 'short';
if (engines.includes('docker')) await buildImages();
const exitCode = await runVitest();
await sayWhatRan();
process.exitCode = exitCode;

/** Once, before files that need them run side by side. What fails here is told by the tests that need it. */
async function buildImages(): Promise<void> {
  const services = SERVICES.map(({ definition }) => definition);
  await createDockerEngine()
    .prepare(services, (line) => console.error(line))
    .catch((error: unknown) => console.error(`walproof: ${messageOf(error)}`));
}

function requirements(list: string): readonly string[] {
  const names = list.split(',').filter(Boolean);
  const unknown = names.find((name) => !(REQUIRABLE as readonly string[]).includes(name));
  if (unknown === undefined) return names;
  console.error(`walproof: expected WALPROOF_REQUIRE to list ${REQUIRABLE.join(' and ')}, seen "${unknown}"`);
  process.exit(EXIT.usage);
}

/** Ends the suite when what is missing was asked for. */
function require(name: (typeof REQUIRABLE)[number], seen: string, next: string): void {
  if (!required.includes(name)) return;
  console.error(`walproof: WALPROOF_REQUIRE=${required.join(',')}, but ${seen}\nnext: ${next}`);
  process.exit(EXIT.unavailable);
}

async function runVitest(): Promise<number> {
  // The file behind its `vitest` command; the package exports only its package.json beside the API.
  const vitest = fileURLToPath(new URL('./vitest.mjs', import.meta.resolve('vitest/package.json')));
  const config = join(ROOT, 'e2e', 'suites', 'vitest.config.ts');
  const child = spawn(process.execPath, [vitest, 'run', '--config', config, ...args], {
    cwd: ROOT,
    stdio: 'inherit',
    env: {
      ...process.env,
      WALPROOF_ENGINES: engines.join(','),
      WALPROOF_BROWSER: browser.ok ? browser.path : '',
      WALPROOF_SUITE: length,
    },
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
  console.log(
    browser.ok ? `browser: ${browser.version}` : `no page was tested in a browser: ${browser.reason}; ${browser.next}`,
  );
  if (length === 'short') console.log('the long suites were not run: npm run test:long');
  if (results === null) return console.log('no results were written');
  console.log(`${results.numPassedTests} passed, ${results.numFailedTests} failed, ${results.numPendingTests} skipped`);
}
