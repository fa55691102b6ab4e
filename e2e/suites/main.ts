/**
 * `npm test`: the suite. Pure tests and the process engine always run; the docker engine too where a daemon answers, and the
 * tests of pages where a browser is installed. With WALPROOF_REQUIRE=docker,browser one that is missing is a failure.
 * Arguments are passed on to vitest, e.g. a file name. Results are written to runs/, or to the folder that WALPROOF_RESULTS names.
 *
 * `npm run test:long` runs the files named `*.long.test.ts`: every fault, every repro, the checks against modules that break
 * their promises. They take minutes each; a pipeline runs both.
 *
 * `--shard 1/3` runs the first of three shares, for a pipeline with three machines: together they run every file once.
 * `--record` writes down what each file took, by which files are ordered and shared out.
 */
import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dockerAvailability } from '../engine/docker/availability.ts';
import { createDockerEngine } from '../engine/docker/engine.ts';
import { EXIT, messageOf, WalproofError } from '../model/errors.ts';
import { SERVICES } from '../services/index.ts';
import { browserAvailability } from './browser/find.ts';
import { resultFiles, type SuiteArguments, shardText, suiteArguments } from './runner/arguments.ts';
import { recordSeconds } from './runner/file-seconds.ts';
import { type FileSeconds, slowestText } from './runner/slowest.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** Absolute, since vitest runs in the project's root and this may have been started elsewhere. */
const RESULTS_FOLDER = resolve(process.env['WALPROOF_RESULTS'] ?? join(ROOT, 'runs'));

/** What must be there for the whole suite, and what may be asked for. */
const REQUIRABLE = ['docker', 'browser'] as const;

/** What of the results is read back. */
interface Results {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  files: FileSeconds[];
}

const { length, shard, record, passedOn } = argumentsTyped();
const results = resultFiles(RESULTS_FOLDER, length, shard);
const required = requirements(process.env['WALPROOF_REQUIRE'] ?? '');
const docker = await dockerAvailability();
const browser = await browserAvailability();
const missing = docker.ok && docker.composeVersion === null ? 'the Compose v2 plugin does not answer' : null;
if (!docker.ok) require('docker', `no daemon serves: ${docker.reason}`, docker.next);
if (missing !== null) require('docker', missing, 'install the docker compose plugin');
if (!browser.ok) require('browser', browser.reason, browser.next);

const engines = docker.ok && missing === null ? ['process', 'docker'] : ['process'];
await rm(results.json, { force: true });
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

/** Ends the suite when they make no sense. */
function argumentsTyped(): SuiteArguments {
  try {
    return suiteArguments(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof WalproofError)) throw error;
    console.error(`walproof: ${error.message} [${error.code}]\nnext: ${error.next}`);
    process.exit(error.exitCode);
  }
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
  const child = spawn(process.execPath, [vitest, 'run', '--config', config, ...passedOn], {
    cwd: ROOT,
    stdio: 'inherit',
    env: {
      ...process.env,
      WALPROOF_ENGINES: engines.join(','),
      WALPROOF_BROWSER: browser.ok ? browser.path : '',
      WALPROOF_SUITE: length,
      WALPROOF_RESULTS: RESULTS_FOLDER,
      ...(shard === null ? {} : { WALPROOF_SHARD: shardText(shard) }),
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
  const written = JSON.parse(await readFile(results.json, 'utf8').catch(() => 'null')) as Results | null;
  for (const line of slowestText(written?.files ?? [])) console.log(line);
  console.log(`engines: ${engines.join(' and ')}`);
  if (!docker.ok) console.log(`the docker engine was NOT tested: ${docker.reason}; ${docker.next}`);
  if (missing !== null) console.log(`the docker engine was NOT tested: ${missing}`);
  console.log(
    browser.ok ? `browser: ${browser.version}` : `no page was tested in a browser: ${browser.reason}; ${browser.next}`,
  );
  if (length === 'short') console.log('the long suites were not run: npm run test:long');
  if (shard !== null) console.log(`shard ${shardText(shard)}: the other shares were not run here`);
  if (written === null) return console.log('no results were written');
  if (record) sayRecorded(written.files);
  console.log(`${written.numPassedTests} passed, ${written.numFailedTests} failed, ${written.numPendingTests} skipped`);
}

function sayRecorded(files: readonly FileSeconds[]): void {
  // A file that failed may have ended early.
  if (exitCode === 0) recordSeconds(files);
  console.log(
    exitCode === 0
      ? `the seconds of ${files.length} files were recorded`
      : 'nothing was recorded: the suite did not pass',
  );
}
