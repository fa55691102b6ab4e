/**
 * Claim:  the docker engine keeps every promise of an engine, and its containers can do nothing to the host.
 * Method: the shared cases on real containers; then what only Docker can get wrong, by looking at what the daemon holds.
 *         Needs a daemon: the suite leaves this file out and says so where none answers.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { heldBy, removeStack } from '../engine/docker/cleanup.ts';
import { docker } from '../engine/docker/client.ts';
import { createDockerEngine } from '../engine/docker/engine.ts';
import { freeze } from '../engine/docker/freeze.ts';
import { LABEL, withLabel } from '../engine/docker/labels.ts';
import { ownerIsGone, ownerOf } from '../engine/docker/owner.ts';
import { PROJECT_ROOT } from '../engine/shared/project-root.ts';
import { newRunId } from '../engine/shared/run-id.ts';
import type { ProcessExit, ProcessIdentity, Stack, StackOptions } from '../model/stack.ts';
import { eventually, failureOf } from './engine-cases/harness/await.ts';
import { type TinyMode, tinyService } from './engine-cases/harness/definition.ts';
import { getJson, healthStatus, postItem } from './engine-cases/harness/talk.ts';
import { engineCases } from './engine-cases.ts';

const engine = createDockerEngine();
const DOCKER_TIMEOUT_MS = 120_000;

engineCases('docker', async () => engine, {
  leftBehind: heldBy,
  leaver: new URL('./engine-cases/harness/leave-behind-docker.ts', import.meta.url),
});

function createTiny(modes: Record<string, TinyMode>, options: Partial<StackOptions> = {}): Promise<Stack> {
  return engine.createStack({ service: tinyService(modes), runId: newRunId(), ...options });
}

/** What the daemon holds of a run, inspected. */
async function inspectRun(runId: string) {
  const filters = withLabel(LABEL.run, runId);
  const [containers, { Volumes }, networks] = await Promise.all([
    docker().listContainers({ all: true, filters }),
    docker().listVolumes({ filters }),
    docker().listNetworks({ filters }),
  ]);
  const inspected = await Promise.all(containers.map(({ Id }) => docker().getContainer(Id).inspect()));
  return { containers: inspected, volumes: Volumes ?? [], networks };
}

function scratchFolder(parent: string): string {
  const folder = mkdtempSync(join(parent, 'walproof-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('what a container may do', { timeout: DOCKER_TIMEOUT_MS }, () => {
  test('every container is hardened, the observer too', async () => {
    const runId = newRunId();
    await using stack = await createTiny({ 'tiny-1': 'plain', 'tiny-2': 'plain' }, { runId });
    await stack.start();
    await stack.files();
    const { containers } = await inspectRun(runId);
    expect(containers.map(({ Config }) => Config.Hostname).sort()).toEqual(['observer', 'tiny-1', 'tiny-2']);
    for (const { Config, HostConfig, Mounts } of containers) {
      expect(Config.User).toBe('1000:1000');
      expect(HostConfig).toMatchObject({
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges'],
        ReadonlyRootfs: true,
        Privileged: false,
        PidsLimit: 256,
      });
      expect(Object.keys(HostConfig.Tmpfs ?? {})).toEqual(['/tmp']);
      expect(HostConfig.Memory).toBe(Config.Hostname === 'observer' ? 2 ** 30 : 2 ** 29);
      // The whole data folder and nothing of the host, the Docker socket least of all.
      expect(Mounts).toEqual([expect.objectContaining({ Type: 'volume', Destination: '/data', RW: true })]);
    }
  });

  test('ports are published on 127.0.0.1 only, those of the observer not at all', async () => {
    const runId = newRunId();
    await using stack = await createTiny({ 'tiny-1': 'plain' }, { runId });
    const published = async () => {
      const { containers } = await inspectRun(runId);
      return containers.flatMap(({ NetworkSettings }) =>
        Object.values(NetworkSettings.Ports).flatMap((at) => at ?? []),
      );
    };
    await stack.start();
    await stack.files();
    const { port } = new URL(stack.baseUrl('tiny-1'));
    expect(await published()).toEqual([{ HostIp: '127.0.0.1', HostPort: port }]);
    await stack.stop('tiny-1');
    await stack.start();
    expect(await published()).toEqual([{ HostIp: '127.0.0.1', HostPort: new URL(stack.baseUrl('tiny-1')).port }]);
  });

  test('another db module is mounted read-only, as a single file', async () => {
    const runId = newRunId();
    const dbModule = join(PROJECT_ROOT, 'e2e/suites/tiny-service/variants/plain.ts');
    await using stack = await createTiny({ 'tiny-1': 'plain' }, { runId, dbModule });
    await stack.start();
    const { containers } = await inspectRun(runId);
    const mounts = containers.find(({ Config }) => Config.Hostname === 'tiny-1')?.Mounts ?? [];
    expect(mounts.filter(({ Type }) => Type === 'bind')).toEqual([
      expect.objectContaining({ Destination: '/app/e2e/suites/tiny-service/src/db.ts', RW: false }),
    ]);
  });

  test('a db module that the containers could not read is refused by name', async () => {
    const dbModule = join(scratchFolder(tmpdir()), 'db.ts');
    await copyFile(join(PROJECT_ROOT, 'e2e/suites/tiny-service/variants/plain.ts'), dbModule);
    await chmod(dbModule, 0o600);
    const error = await failureOf(createTiny({ 'tiny-1': 'plain' }, { dbModule }));
    expect(error.code).toBe('DB_MODULE_BROKEN');
    expect(error.next).toContain(`chmod o+r ${dbModule}`);
  });
});

describe('what the daemon holds', { timeout: DOCKER_TIMEOUT_MS }, () => {
  test('containers, volume and network carry the labels of their run, and are gone with the stack', async () => {
    const runId = newRunId();
    const stack = await createTiny({ 'tiny-1': 'plain', 'tiny-2': 'plain' }, { runId });
    await stack.start();
    const { containers, volumes, networks } = await inspectRun(runId);
    expect([containers.length, volumes.length, networks.length]).toEqual([3, 1, 1]);
    const common = {
      walproof: 'true',
      'walproof.run': runId,
      'walproof.service': 'tiny',
      'walproof.owner': ownerOf(process.pid),
    };
    for (const { Labels } of [...volumes, ...networks]) expect(Labels).toMatchObject(common);
    for (const { Config } of containers) {
      expect(Config.Labels).toMatchObject({ ...common, 'walproof.process': Config.Hostname });
    }
    await stack[Symbol.asyncDispose]();
    expect(await inspectRun(runId)).toEqual({ containers: [], volumes: [], networks: [] });
  });

  test('the processes of a stack share a network and a volume with no other stack', async () => {
    const [one, two] = [newRunId(), newRunId()];
    await using _first = await createTiny({ 'tiny-1': 'plain' }, { runId: one });
    await using _second = await createTiny({ 'tiny-1': 'plain' }, { runId: two });
    const held = await Promise.all([inspectRun(one), inspectRun(two)]);
    expect(new Set(held.flatMap(({ networks }) => networks.map(({ Id }) => Id))).size).toBe(2);
    expect(new Set(held.flatMap(({ volumes }) => volumes.map(({ Name }) => Name))).size).toBe(2);
  });

  test('a stack whose containers somebody else removed can be disposed', async () => {
    const runId = newRunId();
    const stack = await createTiny({ 'tiny-1': 'plain' }, { runId });
    await stack.start();
    const { containers } = await inspectRun(runId);
    await Promise.all(containers.map(({ Id }) => docker().getContainer(Id).remove({ force: true })));
    await eventually(() => !stack.isRunning('tiny-1'));
    await stack[Symbol.asyncDispose]();
    expect(await heldBy(runId)).toEqual([]);
  });

  test('removing a stack twice at once succeeds', async () => {
    const runId = newRunId();
    const stack = await createTiny({ 'tiny-1': 'plain' }, { runId });
    await stack.start();
    const { volumes } = await inspectRun(runId);
    const stackId = volumes[0]?.Name ?? '';
    await Promise.all([removeStack(stackId), removeStack(stackId), stack[Symbol.asyncDispose]()]);
    expect(await heldBy(runId)).toEqual([]);
  });

  test('an owner is gone when its process is, or its pid names a later one', () => {
    expect(ownerIsGone(ownerOf(process.pid))).toBe(false);
    const [host] = ownerOf(process.pid).split(':');
    expect(ownerIsGone(`${host}:${process.pid}:1`)).toBe(true);
    expect(ownerIsGone(`${host}:${2 ** 30}:1`)).toBe(true);
    expect(ownerIsGone(`elsewhere:${process.pid}:1`)).toBe(false);
    for (const unreadable of [undefined, '', 'walproof']) expect(ownerIsGone(unreadable)).toBe(false);
  });
});

describe('logs', { timeout: DOCKER_TIMEOUT_MS }, () => {
  test('every line arrives once across restart, kill and recreation, between the start and the exit it belongs to', async () => {
    const seen: string[] = [];
    const events = {
      onStarted: (_: string, { incarnation }: ProcessIdentity) => seen.push(`start ${incarnation}`),
      onLine: ({ line }: { line: string }) => seen.push(line.replace(/ on \d+$/, '')),
      onExit: ({ signal, exitCode }: ProcessExit) => seen.push(`exit ${signal ?? exitCode}`),
    };
    await using stack = await createTiny({ 'tiny-1': 'plain' }, { events });
    await stack.start();
    await stack.stop('tiny-1');
    await stack.start();
    await stack.kill();
    await stack.start();
    await stack.recreate();
    await stack.start();
    await eventually(() => seen.filter((line) => line.endsWith('listens')).length === 4);
    const listens = 'tiny: tiny-1 listens';
    expect(seen).toEqual([
      ...['start 1', listens, 'tiny: bye', 'exit 0'],
      ...['start 2', listens, 'exit SIGKILL'],
      ...['start 3', listens, 'exit SIGKILL'],
      ...['start 4', listens],
    ]);
    expect(await stack.identity('tiny-1')).toMatchObject({ incarnation: 4 });
  });
});

describe('data', { timeout: DOCKER_TIMEOUT_MS }, () => {
  test('a copy that fails lets the processes go on', async () => {
    const folder = scratchFolder(tmpdir());
    await mkdir(join(folder, 'tiny.db/in-the-way'), { recursive: true });
    await using stack = await createTiny({ 'tiny-1': 'plain', 'tiny-2': 'plain' });
    await stack.start();
    await expect(stack.copyDatabase(folder)).rejects.toThrow();
    for (const process of ['tiny-1', 'tiny-2']) expect(await postItem(stack, process, process)).toBe(201);
  });

  test('the volume belongs to the user of the services, with a seed database in it or not', async () => {
    const seedDatabase = join(scratchFolder(tmpdir()), 'seed.db');
    writeFileSync(seedDatabase, '');
    const script = new URL('./engine-cases/harness/owner-of.ts', import.meta.url);
    await using seeded = await createTiny({ 'tiny-1': 'plain' }, { seedDatabase });
    const { stdout } = await seeded.runBeside(script, ['{data}', '{data}/store', '{data}/store/tiny.db']);
    expect(JSON.parse(stdout)).toEqual(['1000:1000', '1000:1000', '1000:1000']);
    await using empty = await createTiny({ 'tiny-1': 'plain' });
    expect(JSON.parse((await empty.runBeside(script, ['{data}'])).stdout)).toEqual(['1000:1000']);
  });

  test('many looks at the files at once are each answered, and do not disturb the service', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain' });
    await stack.start();
    await postItem(stack, 'tiny-1', 'watched');
    const first = await stack.files();
    expect(first.map(({ path }) => path)).toContain('store/tiny.db-wal');
    const looks = await Promise.all(Array.from({ length: 200 }, () => stack.files()));
    for (const look of looks) expect(look).toEqual(first);
    expect(await getJson(stack, 'tiny-1', '/items')).toEqual(['watched']);
  });
});

describe('processes that do not behave', { timeout: DOCKER_TIMEOUT_MS }, () => {
  test('a process that needs more memory than its limit is said to have', async () => {
    const folder = scratchFolder(tmpdir());
    const dbModule = join(folder, 'db.ts');
    writeFileSync(
      dbModule,
      `export const variant = 'hungry';\nexport function openDatabase() {\n` +
        `  const kept = []; for (;;) kept.push(Buffer.alloc(2 ** 27, 1));\n}\n`,
    );
    await using stack = await createTiny({ 'tiny-1': 'plain' }, { dbModule });
    const error = await failureOf(stack.start());
    expect(error.code).toBe('SERVICE_NOT_STARTED');
    expect(error.message).toContain('SIGKILL');
    expect(error.details.join('\n')).toContain(`more than ${2 ** 29} bytes of memory`);
  });

  test('a process that is needed and does not run is named with how it ended', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain' });
    expect((await failureOf(stack.pause('tiny-1'))).message).toContain('it was never started');
    await stack.start();
    await stack.kill();
    expect((await failureOf(stack.pause('tiny-1'))).message).toContain('it ended with signal SIGKILL');
  });

  test('a process that failed to start can be started again', async () => {
    const folder = scratchFolder(tmpdir());
    const dbModule = join(folder, 'db.ts');
    const module = (name: string, body: string) =>
      `export const variant = '${name}';\nexport function openDatabase() { ${body} }\n`;
    writeFileSync(dbModule, module('broken', 'throw new Error("not today");'));
    await using stack = await createTiny({ 'tiny-1': 'plain' }, { dbModule });
    expect((await failureOf(stack.start())).details.join('\n')).toContain('not today');
    writeFileSync(dbModule, module('mended', 'return { close() {} };'));
    await stack.recreate();
    await stack.start();
    expect(await healthStatus(stack, 'tiny-1')).toBe(200);
  });

  test('freezing goes on where runc gave up, and ends where the container has', async () => {
    const refusing = (...refusals: (object | null)[]) => {
      const pause = vi.fn(async () => {
        const refused = refusals.shift() ?? null;
        if (refused !== null) throw Object.assign(new Error('OCI runtime pause failed: unable to freeze'), refused);
      });
      return { pause, container: { id: 'c0ffee', pause } as unknown as Docker.Container };
    };
    const busy = refusing({ statusCode: 500 }, { statusCode: 500 });
    expect(await freeze(busy.container)).toBe(true);
    expect(busy.pause).toHaveBeenCalledTimes(3);
    const ended = refusing({ statusCode: 409, message: 'is not running' });
    expect(await freeze(ended.container)).toBe(false);
    expect(ended.pause).toHaveBeenCalledTimes(1);
    const broken = refusing({ statusCode: 500, message: 'no cgroup' });
    expect((await failureOf(freeze(broken.container))).message).toContain('no cgroup');
  });
});
