/**
 * Claim:  the process engine keeps every promise of an engine, and those that only it makes: groups, ports, folders.
 * Method: the shared cases, then a look at this machine's processes, ports and temporary folders from outside.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { createProcessEngine } from '../engine/process/engine.ts';
import { FOLDER_PREFIX, homeOf } from '../engine/process/folder.ts';
import { writeOwnerRecord } from '../engine/process/owner-record.ts';
import { reservePort } from '../engine/process/port-reservation.ts';
import { ProcessGroup } from '../engine/process/process-group.ts';
import { findProcess } from '../engine/process/process-table.ts';
import { newRunId } from '../engine/shared/run-id.ts';
import { until } from '../engine/shared/until.ts';
import type { Stack, StackOptions } from '../model/stack.ts';
import { failureOf } from './engine-cases/harness/await.ts';
import { type TinyMode, tinyService } from './engine-cases/harness/definition.ts';
import { leftBehind } from './engine-cases/harness/left-behind-process.ts';
import { rewriteRecord } from './engine-cases/harness/rewrite-record.ts';
import { getJson, postItem } from './engine-cases/harness/talk.ts';
import { engineCases } from './engine-cases.ts';

const LEAVER = new URL('./engine-cases/harness/leave-behind-process.ts', import.meta.url);
/** Far above what a case needs on a loaded machine; a broken promise is found by the conditions inside. */
const CASE_TIMEOUT_MS = 60_000;
const engine = createProcessEngine();

/** Temporary folders of this file alone: another run on this machine may remove leftovers at any time. */
const root = realpathSync(mkdtempSync(join(tmpdir(), `${FOLDER_PREFIX}suite-`)));
process.env['TMPDIR'] = root;

afterAll(() => {
  const left = readdirSync(root);
  rmSync(root, { recursive: true, force: true });
  expect(left).toEqual([]);
});

engineCases('process', async () => engine, { leftBehind, leaver: LEAVER });

function createTiny(modes: Record<string, TinyMode>, options: Partial<StackOptions> = {}): Promise<Stack> {
  return engine.createStack({ service: tinyService(modes), runId: newRunId(), ...options });
}

/** A temporary folder that is gone when the test is over. */
function scratchFolder(prefix = `${FOLDER_PREFIX}test-`): string {
  const folder = mkdtempSync(join(root, prefix));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A db module of the tiny service that runs `statement` as soon as it is loaded. */
function dbModuleThat(statement: string): string {
  const file = join(scratchFolder(), 'db.ts');
  writeFileSync(file, `export const variant = 'written by a test';\nexport function openDatabase() {}\n${statement}\n`);
  return file;
}

/** A process that leads a group of its own and lives until it is killed, which happens when the test is over. */
function bystander(env: Record<string, string> = {}): ProcessGroup {
  const child = spawn('sleep', ['600'], {
    detached: true,
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], ...env },
  });
  const group = new ProcessGroup(child.pid ?? 0);
  onTestFinished(() => group.kill());
  return group;
}

describe('process groups', { timeout: CASE_TIMEOUT_MS }, () => {
  test('pause stops the children too, and unpause wakes them', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain' });
    await stack.start();
    const { holder } = (await getJson(stack, 'tiny-1', '/pid')) as { holder: number };
    await stack.pause('tiny-1');
    expect(findProcess(holder)?.state).toBe('T');
    await stack.unpause('tiny-1');
    expect(findProcess(holder)?.state).not.toBe('T');
  });

  test('the identity is that of the process', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain' });
    await stack.start();
    const { pid, holder } = (await getJson(stack, 'tiny-1', '/pid')) as { pid: number; holder: number };
    expect((await stack.identity('tiny-1'))?.pid).toBe(pid);
    expect(findProcess(holder)?.pgid).toBe(pid);
  });

  test('no signal is sent to a number that is no group of its own', () => {
    for (const wrong of [0, 1, -1, Number.NaN, 2 ** 30]) {
      expect(() => new ProcessGroup(wrong)).toThrow('to lead a process group');
    }
  });

  test('processes and children stand still while the database is copied', async () => {
    const folder = scratchFolder();
    await using stack = await createTiny({ 'tiny-1': 'plain' });
    await stack.start();
    const { pid, holder } = (await getJson(stack, 'tiny-1', '/pid')) as { pid: number; holder: number };
    const copied = stack.copyDatabase(folder);
    const stillAtFirstFile = new Promise<string[]>((resolve) => {
      const look = () => {
        if (existsSync(join(folder, 'tiny.db')))
          resolve([pid, holder].map((member) => findProcess(member)?.state ?? ''));
        else setImmediate(look);
      };
      look();
    });
    expect(await stillAtFirstFile).toEqual(['T', 'T']);
    expect(await copied).toHaveLength(3);
    expect(findProcess(holder)?.state).not.toBe('T');
  });

  test('a copy that fails lets the processes go on', async () => {
    const folder = scratchFolder();
    mkdirSync(join(folder, 'tiny.db/in-the-way'), { recursive: true });
    await using stack = await createTiny({ 'tiny-1': 'plain' });
    await stack.start();
    await expect(stack.copyDatabase(folder)).rejects.toThrow();
    expect(await postItem(stack, 'tiny-1', 'after')).toBe(201);
  });
});

describe('what a process gets', { timeout: CASE_TIMEOUT_MS }, () => {
  test('nothing of the harness\u2019s own environment, and folders inside its own', async () => {
    process.env['WALPROOF_TEST_SECRET'] = 'must not leak';
    onTestFinished(() => {
      delete process.env['WALPROOF_TEST_SECRET'];
    });
    const dbModule = dbModuleThat('console.log(JSON.stringify(process.env));');
    await using stack = await createTiny({ 'tiny-1': 'plain' }, { dbModule });
    await stack.start();
    const env: Record<string, string> = JSON.parse(stack.lastLines('tiny-1')[0] ?? '');
    expect(Object.keys(env).sort()).toEqual(
      [
        'HOME',
        'NODE_COMPILE_CACHE',
        'NODE_COMPILE_CACHE_PORTABLE',
        'NODE_ENV',
        'PATH',
        'TINY_DATA',
        'TINY_MODE',
        'TINY_PORT',
        'TINY_PROCESS',
        'TMPDIR',
      ].sort(),
    );
    for (const name of ['HOME', 'TMPDIR', 'TINY_DATA']) expect(env[name]).toContain(join(root, FOLDER_PREFIX));
    expect(stack.baseUrl('tiny-1')).toBe(`http://127.0.0.1:${env['TINY_PORT']}`);
  });

  test('a port below the ephemeral range that nobody else is given', async () => {
    const held = await Promise.all(Array.from({ length: 200 }, () => reservePort()));
    onTestFinished(() => {
      for (const { release } of held) release();
    });
    expect(new Set(held.map(({ port }) => port)).size).toBe(200);
    for (const { port } of held) expect(port).toBeLessThan(32_768);
  });
});

describe('causes that are not the service\u2019s', { timeout: CASE_TIMEOUT_MS }, () => {
  test('a port in use is named', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain' });
    const stranger = createServer((socket) => socket.destroy());
    onTestFinished(() => new Promise<void>((resolve) => stranger.close(() => resolve())));
    const port = Number(new URL(stack.baseUrl('tiny-1')).port);
    await new Promise<void>((resolve) => stranger.listen(port, '127.0.0.1', resolve));
    const error = await failureOf(stack.start());
    expect(error.code).toBe('PORT_IN_USE');
    expect(error.message).toContain('tiny-1');
    expect(error.details.join('\n')).toContain(`EADDRINUSE: address already in use 127.0.0.1:${port}`);
  });

  test('a temporary folder that cannot be written to is named', async () => {
    process.env['TMPDIR'] = join(root, 'absent');
    onTestFinished(() => {
      process.env['TMPDIR'] = root;
    });
    const error = await failureOf(createTiny({ 'tiny-1': 'plain' }));
    expect(error.code).toBe('ENGINE_UNAVAILABLE');
    expect(error.message).toContain(join(root, 'absent'));
    expect(error.next).toContain('TMPDIR');
  });

  test('a full disk is named', async () => {
    const full = `throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });`;
    await using stack = await createTiny({ 'tiny-1': 'plain' }, { dbModule: dbModuleThat(full) });
    const error = await failureOf(stack.start());
    expect(error.code).toBe('DISK_FULL');
    expect(error.exitCode).toBe(69);
  });

  test('a process that is needed and does not run is named with how it ended', async () => {
    await using stack = await createTiny({ 'tiny-1': 'plain' });
    expect((await failureOf(stack.pause('tiny-1'))).message).toContain('it was never started');
    await stack.start();
    await stack.kill();
    expect((await failureOf(stack.pause('tiny-1'))).message).toContain('it ended with signal SIGKILL');
  });
});

describe('leftovers', { timeout: CASE_TIMEOUT_MS }, () => {
  /** A folder whose record names this process with the start time of an earlier one: its owner counts as dead. */
  function folderOfDeadOwner(groups: ProcessGroup[]): string {
    const folder = scratchFolder();
    writeOwnerRecord(folder, groups);
    rewriteRecord(folder, (record) => ({ ...record, ownerStartTime: '1' }));
    return folder;
  }

  test('a group whose number was used again is not hit', async () => {
    const group = bystander();
    const folder = folderOfDeadOwner([group]);
    rewriteRecord(folder, (record) => ({ ...record, groups: [{ pgid: group.pgid, startTime: '1' }] }));
    expect((await engine.removeLeftovers()).join('\n')).toContain(folder);
    expect(group.members()).toHaveLength(1);
    expect(readdirSync(root).map((name) => join(root, name))).not.toContain(folder);
  });

  test('a recorded group is killed', async () => {
    const group = bystander();
    const folder = folderOfDeadOwner([group]);
    expect((await engine.removeLeftovers()).join('\n')).toContain(`${folder}: 1 process`);
    expect(group.members()).toEqual([]);
  });

  test.runIf(process.platform === 'linux')('a process no record names is found by its HOME (Linux)', async () => {
    const folder = folderOfDeadOwner([]);
    const group = bystander({ HOME: homeOf(folder) });
    await engine.removeLeftovers();
    expect(group.members()).toEqual([]);
  });

  test('a folder without a record, with half a record, or of another pid namespace is left alone', async () => {
    const without = scratchFolder();
    const half = scratchFolder();
    writeFileSync(join(half, 'owner.json'), '{"ownerPid": 4');
    const elsewhere = folderOfDeadOwner([]);
    rewriteRecord(elsewhere, (record) => ({ ...record, pidScope: 'pid:[1]' }));
    const removed = (await engine.removeLeftovers()).join('\n');
    for (const folder of [without, half, elsewhere]) {
      expect(removed).not.toContain(folder);
      expect(readdirSync(root).map((name) => join(root, name))).toContain(folder);
    }
  });

  test('a symbolic link is not followed', async () => {
    const target = scratchFolder('other-');
    writeOwnerRecord(target, []);
    rewriteRecord(target, (record) => ({ ...record, ownerStartTime: '1' }));
    const link = `${scratchFolder()}-link`;
    symlinkSync(target, link);
    onTestFinished(() => rmSync(link));
    expect((await engine.removeLeftovers()).join('\n')).not.toContain(link);
    expect(readdirSync(target)).toEqual(['owner.json']);
  });

  test('a harness that ends by an uncaught error leaves nothing', async () => {
    const runId = newRunId();
    const ended = spawnSync(process.execPath, [fileURLToPath(LEAVER), runId, 'throw'], { encoding: 'utf8' });
    expect(ended.stdout).toBe('ready\n');
    expect(ended.stderr).toContain('thrown on request');
    expect(ended.status).toBe(1);
    expect(await until(async () => (await leftBehind(runId)).length === 0, { deadlineMs: 5_000 })).toBe(true);
  });
});

test.each([
  [{ mount: 'read-only-folder' }, 'the mount read-only-folder of tiny-1 needs the docker engine'],
  [{ mount: 'database-file-only' }, 'the mount database-file-only of tiny-1 needs the docker engine'],
  [{ user: 'root' }, 'the user root of tiny-1 needs the docker engine'],
] as const)('a placement that takes containers is refused by name: %j', async (placement, message) => {
  const error = await failureOf(createTiny({ 'tiny-1': 'plain' }, { placements: { 'tiny-1': placement } }));
  expect(error).toMatchObject({ code: 'ENGINE_UNAVAILABLE', message, exitCode: 69 });
});
