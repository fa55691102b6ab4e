/**
 * Claim:  the processes of a stack can share one place on the network: each is reached where it was before it ended, nothing is
 *         published that this machine can reach without, and what takes a place for each process is refused by name.
 * Method: real containers, on this daemon as it is, and with the harness told that the daemon's networks are not on this
 *         machine. Needs a daemon, as engine-docker.test.ts does.
 */
import { describe, expect, test } from 'vitest';
import { docker } from '../engine/docker/client.ts';
import { createDockerEngine } from '../engine/docker/engine.ts';
import { LABEL, withLabel } from '../engine/docker/labels.ts';
import { isBridgedHere, portsAtOnePlace } from '../engine/docker/network.ts';
import { askHealth } from '../engine/shared/health.ts';
import { newRunId } from '../engine/shared/run-id.ts';
import { SERVICES } from '../services/index.ts';
import { eventually, failureOf } from './engine-cases/harness/await.ts';
import { tinyService } from './engine-cases/harness/definition.ts';
import { healthStatus } from './engine-cases/harness/talk.ts';

const DOCKER_TIMEOUT_MS = 120_000;

async function containersOf(runId: string) {
  const listed = await docker().listContainers({ all: true, filters: withLabel(LABEL.run, runId) });
  const inspected = await Promise.all(listed.map(({ Id }) => docker().getContainer(Id).inspect()));
  const observer = inspected.find(({ Name }) => Name.endsWith('-observer'));
  return { observer, processes: inspected.filter((each) => each !== observer) };
}

describe('a place on the network for all', { timeout: DOCKER_TIMEOUT_MS }, () => {
  describe.each([
    ['where this machine has the network', true],
    ['where it has not', false],
  ])('processes that share a place on the network, %s', (_, isBridged) => {
    const sharing = createDockerEngine(undefined, (id) => isBridged && isBridgedHere(id));

    test('are reached at ports of their own, at the same ones again after an end, and publish what they must', async () => {
      const runId = newRunId();
      const service = tinyService({ 'tiny-1': 'plain', 'tiny-2': 'shared' });
      await using stack = await sharing.createStack({ service, runId, sharesNetwork: true });
      await stack.start();
      const { observer, processes } = await containersOf(runId);
      expect(processes.map(({ HostConfig }) => HostConfig.NetworkMode)).toEqual(
        Array(2).fill(`container:${observer?.Id}`),
      );
      const open = Object.values(observer?.NetworkSettings.Ports ?? {}).flatMap((at) => at ?? []);
      expect(open.map(({ HostIp }) => HostIp)).toEqual(isBridged ? [] : ['127.0.0.1', '127.0.0.1']);
      const urls = ['tiny-1', 'tiny-2'].map((name) => stack.baseUrl(name));
      expect(new Set(urls).size).toBe(2);
      expect(urls.every((url) => url.startsWith('http://127.0.0.1:'))).toBe(!isBridged);
      await stack.kill(['tiny-1']);
      // Docker's proxy, where there is one, takes the connection before it finds nobody.
      expect((await askHealth(`${urls[0]}/health`)).seen).toMatch(
        isBridged ? /^ECONNREFUSED$/ : /^ECONN(REFUSED|RESET)$/,
      );
      expect(await healthStatus(stack, 'tiny-2')).toBe(200);
      await stack.start(['tiny-1']);
      expect(await healthStatus(stack, 'tiny-1')).toBe(200);
      expect(stack.baseUrl('tiny-1')).toBe(urls[0]);
    });
  });

  test('what takes a place for each process is refused where they share one', async () => {
    const service = tinyService({ 'tiny-1': 'shared' });
    await using stack = await createDockerEngine().createStack({ service, runId: newRunId(), sharesNetwork: true });
    await stack.start();
    const refused = 'expected each process to have a place of its own on the network';
    expect((await failureOf(stack.replace('tiny-1', async () => undefined))).message).toContain(refused);
    expect((await failureOf(stack.containers?.disconnect('tiny-1') ?? Promise.resolve())).message).toContain(refused);
    expect(await healthStatus(stack, 'tiny-1')).toBe(200);
  });

  test('an observer that ends ends the stack that is on the network through it', async () => {
    const runId = newRunId();
    const service = tinyService({ 'tiny-1': 'plain' });
    await using stack = await createDockerEngine().createStack({ service, runId, sharesNetwork: true });
    await stack.start();
    const { observer } = await containersOf(runId);
    await docker()
      .getContainer(observer?.Id ?? '')
      .kill();
    // What was asked at that moment is a look that failed; from then on nothing is.
    await eventually(async () => (await failureOf(stack.files())).code === 'ENGINE_UNAVAILABLE');
    expect((await failureOf(stack.files())).message).toContain('on the network through it');
  });

  test('a start that meets such an end is not the failure of a service', async () => {
    const runId = newRunId();
    const service = tinyService({ 'tiny-1': 'unhealthy' });
    const options = { service, runId, sharesNetwork: true, startTimeoutMs: 5_000 } as const;
    await using stack = await createDockerEngine().createStack(options);
    const failing = failureOf(stack.start());
    await eventually(() => stack.isRunning('tiny-1'));
    const { observer } = await containersOf(runId);
    await docker()
      .getContainer(observer?.Id ?? '')
      .kill();
    expect((await failing).code).toBe('ENGINE_UNAVAILABLE');
  });

  test('the bridge of a network that another machine has is not found here', () => {
    expect(isBridgedHere('0'.repeat(64))).toBe(false);
  });

  test('no two processes of a service listen at one port of a place that they share', () => {
    for (const { definition } of SERVICES) {
      const ports = portsAtOnePlace(definition);
      expect([...ports.keys()]).toEqual(definition.processes.map(({ name }) => name));
      expect(new Set(ports.values()).size).toBe(definition.processes.length);
    }
  });
});
