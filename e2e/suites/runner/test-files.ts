import { globSync } from 'node:fs';
import type { Length } from './arguments.ts';

/** From the project's root. What takes minutes, and shows the power of the checks, is long. */
const EVERY = 'e2e/suites/**/*.test.ts';
const LONG = 'e2e/suites/**/*.long.test.ts';

/** The patterns of one length, for vitest. */
export function patternsOf(length: Length): { include: string[]; exclude: string[] } {
  return { include: [length === 'long' ? LONG : EVERY], exclude: length === 'short' ? [LONG] : [] };
}

/** Every file of one length, also those that need what this machine does not have. */
export function testFiles(root: string, length: Length): string[] {
  const { include, exclude } = patternsOf(length);
  const left = new Set(globSync(exclude, { cwd: root }));
  return globSync(include, { cwd: root }).filter((file) => !left.has(file));
}
