/** Goal: `walproof durability` says what it needs before it starts anything. Method: the real command, asked for the impossible. */
import { expect, test } from 'vitest';
import { start, walproof } from './command.ts';

test('a service that is not known is bad usage', async () => {
  const { exitCode, stderr } = await walproof('durability', 'nope');
  expect([exitCode, stderr]).toEqual([64, expect.stringContaining('choose from: nanoclaw, oracle-v2')]);
});

test('a record of one service alone is bad usage', async () => {
  const { exitCode, stdout } = await walproof('durability', 'nanoclaw', '--record', '--json');
  expect([exitCode, JSON.parse(stdout)]).toMatchObject([64, { error: { code: 'USAGE' } }]);
});

test('without strace it is unavailable, and says how to get it', async () => {
  const { exitCode, stdout } = await start(['durability', '--json'], { env: { PATH: '/nowhere' } }).ended;
  expect([exitCode, JSON.parse(stdout)]).toMatchObject([
    69,
    { error: { code: 'TRACER_UNAVAILABLE', next: expect.stringContaining('apt-get install strace') } },
  ]);
});
