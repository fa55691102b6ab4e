import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const ROOT = new URL('../../', import.meta.url).pathname;

/** Tests that need a Docker daemon carry `docker` in their name; the suite's main says when they do not run. */
const withDocker = (process.env['WALPROOF_ENGINES'] ?? 'process').split(',').includes('docker');

/** Tests that need a browser carry `browser`. */
const withBrowser = (process.env['WALPROOF_BROWSER'] ?? '') !== '';

/** `short`, `long` or, when files are named, `any`. What takes minutes and shows the power of the checks is `long`. */
const length = process.env['WALPROOF_SUITE'] ?? 'any';
const LONG = 'e2e/suites/**/*.long.test.ts';

/**
 * What takes longest begins first, so that no worker is left alone with it at the end. Vitest knows how long a file took
 * last time, but a fresh checkout has no last time.
 */
class LongestFirst extends BaseSequencer {
  static readonly #LONGEST = [
    /claim-verdict/,
    /engine-docker/,
    /browser/,
    /command-line/,
    /claim-/,
    /oracle-|nanoclaw-/,
  ];

  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const found = LongestFirst.#LONGEST.findIndex((pattern) => pattern.test(moduleId));
      return found === -1 ? LongestFirst.#LONGEST.length : found;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  root: ROOT,
  test: {
    include: length === 'long' ? [LONG] : ['e2e/suites/**/*.test.ts'],
    exclude: [
      ...(length === 'short' ? [LONG] : []),
      ...(withDocker ? [] : ['e2e/suites/**/*docker*.test.ts']),
      ...(withBrowser ? [] : ['e2e/suites/**/*browser*.test.ts']),
    ],
    // Half of the time a file waits, for locks, for deadlines, for containers. More than two would measure each other.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    setupFiles: ['e2e/suites/own-folder.ts'],
    pool: 'forks',
    testTimeout: 90_000,
    hookTimeout: 90_000,
    retry: 0,
    allowOnly: false,
    reporters: [
      'default',
      ['junit', { outputFile: length === 'long' ? 'runs/junit-long.xml' : 'runs/junit.xml' }],
      ['json', { outputFile: 'runs/tests.json' }],
    ],
  },
});
