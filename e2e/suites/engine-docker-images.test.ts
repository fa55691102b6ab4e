/**
 * Claim:  images are built once and when due, and whatever the machine lacks is said in one clear error.
 * Method: real builds of the tiny service, a Dockerfile that fails, a tag that no registry has, and addresses where no
 *         daemon serves. Needs a daemon, as engine-docker.test.ts does.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { dockerAvailability, requireDocker } from '../engine/docker/availability.ts';
import { baseImageTag, ensureBaseImage } from '../engine/docker/base-image.ts';
import { docker } from '../engine/docker/client.ts';
import { createDockerEngine } from '../engine/docker/engine.ts';
import { buildInputs, inputsHash } from '../engine/docker/image-inputs.ts';
import { PROJECT_ROOT } from '../engine/shared/project-root.ts';
import { failureOf } from './engine-cases/harness/await.ts';
import { tinyService } from './engine-cases/harness/definition.ts';

const engine = createDockerEngine();
/** A base image may have to be made first. */
const BUILD_TIMEOUT_MS = 600_000;

function scratchFolder(parent: string): string {
  const folder = mkdtempSync(join(parent, 'walproof-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('images', { timeout: BUILD_TIMEOUT_MS }, () => {
  const tiny = tinyService({ 'tiny-1': 'plain' });

  test('an image of unchanged inputs is found, not built again', async () => {
    const progress: string[] = [];
    await engine.prepare([tiny], () => undefined);
    const tag = `walproof-tiny:${inputsHash(await buildInputs(tiny), baseImageTag())}`;
    const before = await docker().getImage(tag).inspect();
    await engine.prepare([tiny], (line) => progress.push(line));
    expect(progress).toEqual([]);
    expect((await docker().getImage(tag).inspect()).Id).toBe(before.Id);
    expect(before.Config.Labels).toMatchObject({ walproof: 'image', 'walproof.service': 'tiny' });
  });

  test('the tag changes with any input and with the base image', async () => {
    const inputs = await buildInputs(tiny);
    const paths = inputs.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['package-lock.json', 'e2e/suites/tiny-service/Dockerfile']));
    expect(paths.filter((path) => path.includes('node_modules'))).toEqual([]);
    const hash = inputsHash(inputs, 'base');
    expect(inputsHash(inputs, 'another')).not.toBe(hash);
    for (const changed of inputs.keys()) {
      const content = Buffer.from(`${inputs[changed]?.content}.`);
      expect(
        inputsHash(
          inputs.map((input, at) => (at === changed ? { ...input, content } : input)),
          'base',
        ),
      ).not.toBe(hash);
    }
  });

  test('a build that fails shows its last lines', async () => {
    await mkdir(join(PROJECT_ROOT, 'runs'), { recursive: true });
    const folder = scratchFolder(join(PROJECT_ROOT, 'runs'));
    const step = 'RUN for line in 1 2 3; do echo "step $line"; done; echo "no such package" >&2; exit 3';
    writeFileSync(join(folder, 'Dockerfile'), `ARG NODE_IMAGE\nFROM \${NODE_IMAGE}\n${step}\n`);
    const service = { ...tiny, name: 'broken', sourceDir: relative(PROJECT_ROOT, folder) };
    const progress: string[] = [];
    const error = await failureOf(engine.prepare([service], (line) => progress.push(line)));
    expect(error.code).toBe('IMAGE_BUILD_FAILED');
    expect(error.exitCode).toBe(69);
    expect(error.message).toContain(`${service.sourceDir}/Dockerfile`);
    expect(error.details.length).toBeLessThanOrEqual(20);
    for (const line of ['step 3', 'no such package']) {
      expect(error.details).toContain(line);
      expect(progress).toContain(line);
    }
    expect(error.details.join('\n')).toContain('exit code: 3');
  });

  test('a service without a Dockerfile is named', async () => {
    const service = { ...tiny, name: 'bare', sourceDir: 'e2e/suites/tiny-service/variants' };
    const error = await failureOf(engine.prepare([service], () => undefined));
    expect(error.code).toBe('IMAGE_BUILD_FAILED');
    expect(error.message).toContain('e2e/suites/tiny-service/variants/Dockerfile');
  });

  test('a base image that is nowhere and cannot be made is an error with a next step', async () => {
    const progress: string[] = [];
    // `.invalid` resolves nowhere (RFC 6761), and the stand-in is not Alpine.
    const error = await failureOf(ensureBaseImage('walproof.invalid/node:24-alpine', (line) => progress.push(line)));
    expect(error.code).toBe('BASE_IMAGE_UNAVAILABLE');
    expect(error.exitCode).toBe(69);
    expect(error.next).not.toBe('');
    expect(progress[0]).toBe('pulling walproof.invalid/node:24-alpine');
  });
});

describe('availability', { timeout: 30_000 }, () => {
  test('a daemon that serves is described', async () => {
    expect(await dockerAvailability()).toMatchObject({ ok: true, version: expect.stringMatching(/^\d/) });
  });

  test('no socket, nobody listening, and a daemon that never answers are told apart within 3 s', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      vi.unstubAllEnvs();
      silent.close();
    });
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const folder = scratchFolder(tmpdir());
    const expected: [host: string, reason: RegExp][] = [
      [`unix://${folder}/docker.sock`, /there is no socket at/],
      ['tcp://127.0.0.1:1', /nothing listens at/],
      [`tcp://127.0.0.1:${port}`, /did not answer within/],
    ];
    for (const [host, reason] of expected) {
      vi.stubEnv('DOCKER_HOST', host);
      const beganAt = performance.now();
      const found = await dockerAvailability();
      expect(performance.now() - beganAt).toBeLessThan(3_000);
      expect(found).toMatchObject({ ok: false, reason: expect.stringMatching(reason) });
      expect((await failureOf(requireDocker())).code).toBe('ENGINE_UNAVAILABLE');
    }
  });
});
