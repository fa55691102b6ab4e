import { defineConfig } from 'vitest/config';
import { type Length, parseShard, resultFiles } from './runner/arguments.ts';
import { longestFirst } from './runner/longest-first.ts';
import { patternsOf } from './runner/test-files.ts';
import { TimedResults } from './runner/timed-results.ts';

const ROOT = new URL('../../', import.meta.url).pathname;

/** Tests that need a Docker daemon carry `docker` in their name; the suite's main says when they do not run. */
const withDocker = (process.env['WALPROOF_ENGINES'] ?? 'process').split(',').includes('docker');

/** Tests that need a browser carry `browser`. */
const withBrowser = (process.env['WALPROOF_BROWSER'] ?? '') !== '';

const length = (process.env['WALPROOF_SUITE'] ?? 'any') as Length;
const shard = process.env['WALPROOF_SHARD'];
const results = resultFiles(
  process.env['WALPROOF_RESULTS'] ?? `${ROOT}runs`,
  length,
  shard === undefined ? null : parseShard(shard),
);
const { include, exclude } = patternsOf(length);

export default defineConfig({
  root: ROOT,
  test: {
    include,
    exclude: [
      ...exclude,
      ...(withDocker ? [] : ['e2e/suites/**/*docker*.test.ts']),
      ...(withBrowser ? [] : ['e2e/suites/**/*browser*.test.ts']),
    ],
    // Half of the time a file waits, for locks, for deadlines, for containers. More than two would measure each other.
    maxWorkers: 2,
    sequence: { sequencer: longestFirst(length) },
    setupFiles: ['e2e/suites/own-folder.ts'],
    pool: 'forks',
    // A process for each file costs it a start and all its imports. What a file changes in its process it undoes, as it must anyway:
    // its tests share that process.
    isolate: false,
    testTimeout: 90_000,
    hookTimeout: 90_000,
    retry: 0,
    allowOnly: false,
    reporters: ['default', ['junit', { outputFile: results.junit }], new TimedResults(results.json)],
  },
});
