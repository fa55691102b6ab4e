/**
 * Claim:  a TypeScript program reaches a container without types, in the places where it was written, and runs there.
 * Method: Node with the very arguments, on this machine. No daemon is needed.
 */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { nodeArguments } from '../engine/docker/evaluated.ts';

const SOURCE = `interface Said { words: string }
const said: Said = { words: process.argv.slice(2).join(' ') };
console.log(said.words);
  throw new Error('here' as string);
`;

test('types are taken out, arguments arrive, and an error tells the place in the source', () => {
  const args = nodeArguments(SOURCE);
  expect(args.join('\n')).not.toMatch(/interface|: Said|as string/);
  const { stdout, stderr, status } = spawnSync(process.execPath, [...args, 'one', 'two'], { encoding: 'utf8' });
  expect(stdout).toBe('one two\n');
  expect(stderr).toContain('[eval1]:4');
  expect(status).toBe(1);
});

test('a source is stripped once', () => {
  expect(nodeArguments(SOURCE)[2]).toBe(nodeArguments(SOURCE)[2]);
});
