/**
 * Claim:  with `--engine docker`, Ctrl-C while images are built, a missing Compose and a dead daemon end in one clear
 *         message with a next step, and nothing is left.
 * Method: the real command. Images are built from a copy of the project whose Dockerfile waits, so that the build is under way
 *         for certain. Needs a daemon, as engine-docker.test.ts does.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { docker } from '../engine/docker/client.ts';
import { PROJECT_ROOT } from '../engine/shared/project-root.ts';
import { start } from './command.ts';

function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'walproof-docker-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const verify = (folder: string) => ['verify', 'nanoclaw', '--engine', 'docker', '--out', join(folder, 'runs')];

/** The project with one more step in NanoClaw's Dockerfile, which says `walproof waits` and takes long. */
function copyOfProject(folder: string, mark: string): string {
  const project = join(folder, 'project');
  const withoutPackages = (path: string) => basename(path) !== 'node_modules';
  for (const path of ['package.json', 'package-lock.json', '.npmrc', 'e2e', 'fixtures'])
    cpSync(join(PROJECT_ROOT, path), join(project, path), { recursive: true, filter: withoutPackages });
  symlinkSync(join(PROJECT_ROOT, 'node_modules'), join(project, 'node_modules'));
  const dockerfile = join(project, 'fixtures/nanoclaw/Dockerfile');
  const wait = `$&\nRUN echo "walproof waits"; sleep ${mark}`;
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the Dockerfile's own.
  writeFileSync(dockerfile, readFileSync(dockerfile, 'utf8').replace('FROM ${NODE_IMAGE}', wait));
  return project;
}

/** Steps of builds that run at the moment and name the mark. */
async function stepsUnderWay(mark: string): Promise<string[]> {
  const { BuildCache } = (await docker().df()) as { BuildCache: { Description: string; InUse: boolean }[] | null };
  return (BuildCache ?? [])
    .filter(({ Description, InUse }) => InUse && Description.includes(mark))
    .map(({ Description }) => Description);
}

/** What a process with this pid has made on the daemon. */
async function madeBy(pid: number | undefined): Promise<string[]> {
  const filters = { label: ['walproof'] };
  const [containers, { Volumes }, networks] = await Promise.all([
    docker().listContainers({ all: true, filters }),
    docker().listVolumes({ filters }),
    docker().listNetworks({ filters }),
  ]);
  return [...containers, ...Volumes, ...networks]
    .map(({ Labels }) => Labels?.['walproof.owner'] ?? '')
    .filter((owner) => owner.includes(`:${pid}:`));
}

test('Ctrl-C while an image is built ends the build at once and leaves no image', { timeout: 120_000 }, async () => {
  const folder = scratchFolder();
  const mark = `70${process.pid}.5`;
  const running = start(verify(folder), { project: copyOfProject(folder, mark) });
  await expect.poll(() => running.stderr(), { timeout: 60_000, interval: 20 }).toMatch(/^ .* walproof waits$/m);
  expect(await stepsUnderWay(mark)).not.toEqual([]);
  running.signal('SIGINT');
  const interruptedAt = performance.now();
  const { exitCode, stderr } = await running.ended;
  expect(performance.now() - interruptedAt).toBeLessThan(10_000);
  expect(stderr).toMatch(/interrupted by SIGINT \[INTERRUPTED\]\nnext: /);
  expect(stderr.match(/^next: /gm)).toHaveLength(1);
  expect(exitCode).toBe(130);
  const tag = /building (walproof-nanoclaw:\w+)/.exec(stderr)?.[1];
  expect(await docker().listImages({ filters: { reference: [`${tag}`] } })).toEqual([]);
  expect(await madeBy(running.pid)).toEqual([]);
  expect(existsSync(join(folder, 'runs'))).toBe(false);
  await expect.poll(() => stepsUnderWay(mark), { timeout: 20_000 }).toEqual([]);
});

test.each([
  ['no docker command beside it', null],
  ['a docker command without the plugin beside it', 'echo "docker: \'compose\' is not a docker command." >&2; exit 1'],
  ['Compose v1 beside it', 'echo 1.29.2'],
])('a daemon with %s', async (_what, docker) => {
  const folder = scratchFolder();
  if (docker !== null) {
    writeFileSync(join(folder, 'docker'), `#!/bin/sh\n${docker}\n`);
    chmodSync(join(folder, 'docker'), 0o755);
  }
  const { exitCode, stdout, stderr } = await start([...verify(folder), '--json'], { env: { PATH: folder } }).ended;
  expect(JSON.parse(stdout)).toMatchObject({
    error: { code: 'COMPOSE_UNAVAILABLE', next: expect.stringContaining('install the Compose v2 plugin') },
  });
  expect(stderr).not.toMatch(/building|^ +at /m);
  expect(exitCode).toBe(69);
});

test('a socket that a daemon left behind', async () => {
  const folder = scratchFolder();
  const socket = join(folder, 'docker.sock');
  const listen = `require('node:net').createServer().listen(process.argv[1], () => console.log('listens'))`;
  const daemon = spawn(process.execPath, ['-e', listen, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(daemon.stdout, 'data');
  daemon.kill('SIGKILL');
  await once(daemon, 'exit');
  expect(existsSync(socket)).toBe(true);
  const { exitCode, stderr } = await start(verify(folder), { env: { DOCKER_HOST: `unix://${socket}` } }).ended;
  expect(stderr).toMatch(/nothing listens at unix:\S+ \[ENGINE_UNAVAILABLE\]\nnext: start Docker/);
  expect(exitCode).toBe(69);
});
