/**
 * Goal:   the kernel's table of locks is read as SQLite means it, and a run names who refused whom.
 * Method: lines of the table; samples in a row; and a real service whose statement is refused while a known process, beside
 *         it, holds BEGIN IMMEDIATE.
 */
import { describe, expect, test } from 'vitest';
import { noBusy } from '../check/no-busy.ts';
import { createProcessEngine } from '../engine/process/engine.ts';
import { newRunId } from '../engine/shared/run-id.ts';
import { until } from '../engine/shared/until.ts';
import { LockHolds, type SampledLock } from '../observe/lock-holds.ts';
import { startLockSampler } from '../observe/lock-sampler.ts';
import { deviceName, lockNames, parseLockTable } from '../observe/lock-table.ts';
import { observationFromLog } from '../observe/log-events.ts';
import { ArmRecorder } from '../observe/recorder.ts';
import { nanoclaw } from '../services/nanoclaw.ts';
import { serviceNamed } from './claims.ts';

const HOLD = new URL('../faults/programs/hold-write-lock.ts', import.meta.url);

describe('the table', () => {
  const TABLE = `1: POSIX  ADVISORY  READ 30599 00:28:5 128 128
2: POSIX  ADVISORY  WRITE 30599 00:28:5 120 121
3: -> POSIX  ADVISORY  WRITE 30600 00:28:5 120 120
4: FLOCK  ADVISORY  WRITE 5188 fe:00:1474642 0 EOF
5: OFDLCK ADVISORY  READ -1 fe:00:77 1073741826 1073742335
6: POSIX  ADVISORY  WRITE 12 fe:00:77 1073741824 1073742335
nonsense`;

  test('is read line by line; whole-file locks and nonsense are none', () => {
    expect(parseLockTable(TABLE)).toHaveLength(5);
    expect(parseLockTable(TABLE, new Set([77])).map(({ pid, device }) => [pid, device])).toEqual([
      [-1, 'fe:00'],
      [12, 'fe:00'],
    ]);
  });

  test('has SQLite’s names, several where the kernel joined neighbours', () => {
    const named = (n: number, file: 'db' | '-shm') => lockNames(parseLockTable(TABLE)[n] as never, file);
    expect(named(0, '-shm')).toEqual(['DMS']);
    expect(named(1, '-shm')).toEqual(['WRITE', 'CKPT']);
    expect(parseLockTable(TABLE)[2]?.waits).toBe(true);
    expect(named(3, 'db')).toEqual(['SHARED']);
    expect(named(4, 'db')).toEqual(['PENDING', 'RESERVED', 'EXCLUSIVE']);
  });

  test.each([
    [0xfe00, 'fe:00'],
    [0x28, '00:28'],
    [0x100010302, '103:100002'],
  ])('has device %i as %s', (dev, name) => {
    expect(deviceName(dev)).toBe(name);
  });
});

describe('samples', () => {
  const lock = (name: SampledLock['lock'], pid = 1, mode: SampledLock['mode'] = 'exclusive'): SampledLock => ({
    lock: name,
    mode,
    pid,
    process: 'host',
    command: 'node',
  });

  test('become one hold, told when it is over', () => {
    const holds = new LockHolds();
    expect(holds.sample(0, [lock('WRITE')])).toEqual([]);
    expect(holds.sample(50, [lock('WRITE')])).toEqual([]);
    expect(holds.sample(100, [])).toMatchObject([{ lock: 'WRITE', atMs: 0, untilMs: 50, samples: 2 }]);
    expect(holds.end()).toEqual([]);
  });

  test('of short readers and of connections are left out', () => {
    const holds = new LockHolds();
    const connected = [lock('DMS', 1, 'shared'), lock('SHARED', 1, 'shared'), lock('READ1', 1, 'shared')];
    holds.sample(0, connected);
    expect(holds.sample(100, [])).toEqual([]);
    holds.sample(200, connected);
    holds.sample(800, connected);
    expect(holds.end()).toMatchObject([{ lock: 'READ1', atMs: 200, untilMs: 800 }]);
  });

  test('are bounded', () => {
    const holds = new LockHolds();
    let told = 0;
    for (let n = 0; n < 6_000; n++) told += holds.sample(n, [lock('WRITE', n)]).length;
    expect(told).toBe(5_000);
    expect(holds.dropped).toBe(999);
  });
});

test('a refused service names the process that held the lock, and looking cost next to nothing', async () => {
  const recorder = new ArmRecorder(
    'subject',
    nanoclaw.name,
    { op: () => undefined, observation: () => undefined },
    performance.now(),
  );
  const unpatched = serviceNamed('nanoclaw').definition.variants['unpatched'];
  await using stack = await createProcessEngine().createStack({
    service: nanoclaw,
    runId: newRunId(),
    dbModule: new URL(`../../${unpatched}`, import.meta.url).pathname,
    events: {
      onLine(line) {
        const seen = observationFromLog(line, line.incarnation);
        if (seen !== null) recorder.observe(seen);
      },
    },
  });
  await stack.start(['nanoclaw']);
  const problems: string[] = [];
  const sampler = startLockSampler(stack, recorder, (problem) => problems.push(problem));
  const holding = stack.runBeside(HOLD, [`{data}/${nanoclaw.database}`, '2000']);
  const refused = () => recorder.observations.some((seen) => seen.kind === 'sqlite-error');
  const post = async () => {
    const body = JSON.stringify({ id: `m${recorder.nowMs()}`, chat_jid: 'main@g.us', sender: 'a', content: 'b' });
    await fetch(`${stack.baseUrl('nanoclaw')}/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    return refused();
  };
  expect(await until(post, { deadlineMs: 20_000 })).toBe(true);
  expect((await holding).exitCode).toBe(0);
  await sampler.stop();
  expect(problems).toEqual([]);
  const demands = { okOps: 0, okOpsAroundFault: 0, faults: [], control: false, controlResult: null };
  const { ops, observations } = recorder;
  const evidence = { service: nanoclaw, arm: 'subject' as const, variant: 'unpatched', ops, observations, demands };
  const busy = noBusy.check(evidence).findings.find(({ code }) => code === 'busy');
  expect(busy?.message).toMatch(/In the way: walproof's hold-write-lock \(pid \d+\) had (WRITE|RESERVED)/);
  const [sampled] = recorder.observations.filter((seen) => seen.kind === 'locks-sampled');
  expect(sampled).toMatchObject({ unseen: null, dropped: 0 });
  expect(sampled?.samples).toBeGreaterThan(5);
  // Of a core, while it sampled.
  expect((sampled?.cpuMs ?? 1e9) / ((sampled?.endedAtMs ?? 0) - (sampled?.atMs ?? 0))).toBeLessThan(0.02);
});
