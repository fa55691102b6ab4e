/**
 * Goal:   what was compiled in the folder of one stack is not compiled again in that of another, unless its text is another.
 * Method: one program in two folders of the process engine; Node itself says what it took from the cache.
 */
import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { baseEnvironment, createFolder, linkPackages } from '../engine/process/folder.ts';
import { newRunId } from '../engine/shared/run-id.ts';

/** Whether a program of this text, in a fresh folder of the service, was compiled before. */
async function isKnown(service: string, text: string): Promise<boolean> {
  const folder = createFolder(tmpdir(), newRunId(), service);
  onTestFinished(() => rmSync(folder.path, { recursive: true, force: true }));
  await linkPackages(folder);
  const program = join(folder.path, 'beside', `own-${process.pid}.ts`);
  writeFileSync(program, text);
  const env = { ...baseEnvironment(folder), NODE_DEBUG_NATIVE: 'COMPILE_CACHE' };
  const { stderr } = await promisify(execFile)(process.execPath, [program], { env });
  // As Node says it (https://nodejs.org/docs/latest-v24.x/api/module.html#module-compile-cache).
  return stderr.includes(`retrieving transpile cache for StrippedTypeScript file://${program}...success`);
}

test('a program is compiled once for all folders of a service, and anew when its text is another', async () => {
  const text = `export const once: string = '${newRunId()}';\n`;
  expect(await isKnown('tiny', text)).toBe(false);
  expect(await isKnown('tiny', text)).toBe(true);
  expect(await isKnown('tiny', `${text}// changed\n`)).toBe(false);
});

test('a program of another service at the same place puts nothing out', async () => {
  const text = `export const once: string = '${newRunId()}';\n`;
  await isKnown('tiny', text);
  await isKnown('other', `${text}// of another service\n`);
  expect(await isKnown('tiny', text)).toBe(true);
});
