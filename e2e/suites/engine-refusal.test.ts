/** Goal: what the daemon refuses becomes an error with a code and a next step of its own. Method: the texts Docker answers. */
import { describe, expect, test } from 'vitest';
import { diskFull, refusal } from '../engine/docker/refusal.ts';
import { WalproofError } from '../model/errors.ts';

/** As dockerode throws it: the status of the answer, and the daemon's text in the message. */
const refused = (statusCode: number, text: string): Error =>
  Object.assign(new Error(`(HTTP code ${statusCode}) server error - ${text} `), { statusCode });

describe('a refusal of the daemon', () => {
  test.each([
    ['DISK_FULL', 'mkdir /var/lib/docker/overlay2/4f-init: no space left on device', /docker system df/],
    ['DISK_FULL', 'open /var/lib/docker/volumes/metadata.db: no space left on device', /docker system df/],
    ['DISK_FULL', 'write /var/lib/docker/tmp/docker-builder1/db.ts: disk quota exceeded', /docker system df/],
    ['PORT_IN_USE', 'Bind for 127.0.0.1:47779 failed: port is already allocated', /ss -ltnp/],
    ['ENGINE_UNAVAILABLE', 'all predefined address pools have been fully subnetted', /docker network prune/],
    [
      'DB_MODULE_MISSING',
      'invalid mount config for type "bind": bind source path does not exist: /x.ts',
      /still there/,
    ],
    ['IMAGE_BUILD_FAILED', 'No such image: walproof-nanoclaw:0123', /built anew/],
    ['ENGINE_UNAVAILABLE', 'something else', /Read what the daemon says/],
  ])('is %s when it says "%s"', (code, text, next) => {
    const error = refusal('start agent-1', refused(500, text));
    expect(error).toMatchObject({ code, next: expect.stringMatching(next) });
    expect(error.message).toMatch(/^expected the Docker daemon to start agent-1, but it refused: /);
    expect(error.message).toContain(text);
  });

  test('is told from a daemon that has gone', () => {
    const lost = Object.assign(new Error('connect ECONNREFUSED'), { syscall: 'connect' });
    expect(refusal('start agent-1', lost)).toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      next: expect.stringMatching(/docker version/),
    });
  });

  test('that was explained before stays as it is', () => {
    const known = new WalproofError('SERVICE_NOT_STARTED', 'a', 'b');
    expect(refusal('start agent-1', known)).toBe(known);
  });
});

describe('a build whose last lines speak', () => {
  test.each([
    'npm error code ENOSPC',
    'ERROR: failed to solve: write /var/lib/docker/buildkit/x: no space left on device',
  ])('of "%s" is DISK_FULL with exit 69', (line) => {
    expect(diskFull('build it', ['step 1', line])).toMatchObject({
      code: 'DISK_FULL',
      exitCode: 69,
      details: ['step 1', line],
    });
  });

  test('of anything else is not', () => {
    expect(diskFull('build it', ['npm error code E404'])).toBeNull();
  });
});
