import type { Lab } from '../../model/repro.ts';
import type { Stack } from '../../model/stack.ts';

const HOLD = new URL('./hold-lock.ts', import.meta.url);
const HOLD_RECOVERY = new URL('./hold-recovery.ts', import.meta.url);
const RELEASE = new URL('./release-lock.ts', import.meta.url);
const HOLD_TIMEOUT_MS = 45_000;

export interface HeldLock {
  release(): Promise<void>;
}

/** Another process takes a lock on the service's database, e.g. `BEGIN IMMEDIATE`; returns once it has it. */
export async function holdLock(lab: Lab, stack: Stack, begin: string): Promise<HeldLock> {
  return await holdBeside(lab, stack, HOLD, [begin], `another process to get ${begin}`);
}

/** Another process recovers the -wal that a crash left, frozen in the middle of it; returns once it is. */
export async function holdRecovery(lab: Lab, stack: Stack): Promise<HeldLock> {
  return await holdBeside(lab, stack, HOLD_RECOVERY, [], 'another process to be frozen while it recovers the -wal');
}

async function holdBeside(
  lab: Lab,
  stack: Stack,
  program: URL,
  args: readonly string[],
  expectation: string,
): Promise<HeldLock> {
  const holder = stack.runBeside(program, [`{data}/${stack.service.database}`, ...args], {
    timeoutMs: HOLD_TIMEOUT_MS,
  });
  // Whoever awaits the release gets the error; until then nobody listens.
  holder.catch(() => undefined);
  const marker = `${stack.service.database}.held`;
  const held = async () => (await stack.files()).some(({ path }) => path === marker);
  await lab.until(held, expectation);
  return {
    async release() {
      await release(lab, stack);
      const { exitCode, stderr } = await holder;
      lab.require(exitCode === 0, `the holder of the lock to end well (${stderr.trim()})`);
    },
  };
}

/** Whoever waits for `<database>.release` goes on. */
export async function release(lab: Lab, stack: Stack): Promise<void> {
  const { exitCode } = await stack.runBeside(RELEASE, [`{data}/${stack.service.database}`]);
  lab.require(exitCode === 0, 'the mark for going on to be set');
}
