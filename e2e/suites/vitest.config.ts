import { defineConfig } from 'vitest/config';

const ROOT = new URL('../../', import.meta.url).pathname;

/** Tests that need a Docker daemon carry `docker` in their name; the suite's main says when they do not run. */
const withDocker = (process.env['WALPROOF_ENGINES'] ?? 'process').split(',').includes('docker');

export default defineConfig({
  root: ROOT,
  test: {
    include: ['e2e/suites/**/*.test.ts'],
    exclude: withDocker ? [] : ['e2e/suites/**/*docker*.test.ts'],
    // Two cores: stacks side by side would measure each other.
    fileParallelism: false,
    pool: 'forks',
    testTimeout: 90_000,
    hookTimeout: 90_000,
    retry: 0,
    allowOnly: false,
    reporters: ['default', ['junit', { outputFile: 'runs/junit.xml' }], ['json', { outputFile: 'runs/tests.json' }]],
  },
});
