/**
 * Claim:  a service whose database it could only read says so at start, and what to do, instead of refusing every write later.
 * Method: both services, each on a database that a container of root made and was killed on; and on a read-only mount, beside
 *         a writer, where SQLite itself would let it start. Needs a daemon.
 */
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createDockerEngine } from '../engine/docker/engine.ts';
import { newRunId } from '../engine/shared/run-id.ts';
import type { ServiceDefinition } from '../model/service.ts';
import type { Placement, Stack } from '../model/stack.ts';
import { startFailure } from '../repro/harness/start.ts';
import { SERVICES } from '../services/index.ts';
import { nanoclaw } from '../services/nanoclaw.ts';
import { oracleV2 } from '../services/oracle-v2.ts';

const engine = createDockerEngine();
beforeAll(() =>
  engine.prepare(
    SERVICES.map(({ definition }) => definition),
    () => undefined,
  ),
);

async function stackOf(service: ServiceDefinition, placements: Record<string, Placement>): Promise<Stack> {
  const stack = await engine.createStack({ service, runId: newRunId(), placements });
  onTestFinished(() => stack[Symbol.asyncDispose]());
  return stack;
}

describe.each([
  { service: nanoclaw, maker: 'agent-1', other: 'nanoclaw', file: '/data/store', folder: '/data/store' },
  { service: oracleV2, maker: 'oracle-1', other: 'oracle-2', file: '/data/oracle.db', folder: '/data' },
])('$service.name', ({ service, maker, other, file, folder }) => {
  test("root's files: whose they are, and the command that gives them back", async () => {
    const stack = await stackOf(service, { [maker]: { user: 'root' } });
    await stack.start([maker]);
    await stack.kill([maker]);
    const failure = await startFailure(stack, other);
    const said = failure?.details.join('\n') ?? 'it started';
    expect(said).toContain('DATABASE_NOT_WRITABLE');
    expect(said).toContain(`expected to write to ${file} as uid 1000, but it belongs to uid 0`);
    expect(said).toContain(`chown -R 1000:1000 ${folder}`);
  });

  test('a read-only mount, beside a writer', async () => {
    const stack = await stackOf(service, { [other]: { mount: 'read-only-folder' } });
    await stack.start([maker]);
    const failure = await startFailure(stack, other);
    const said = failure?.details.join('\n') ?? 'it started';
    expect(said).toContain('DATABASE_NOT_WRITABLE');
    expect(said).toContain(`is on a read-only mount (EROFS). Mount ${folder} writable`);
  });
});
