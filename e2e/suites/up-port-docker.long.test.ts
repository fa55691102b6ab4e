/**
 * Claim:  `walproof up` on a port that is in use says which, what to do, and leaves nothing.
 * Method: the real command while this process listens on the port of the live page.
 * Red as: another code, a stack trace, a container or volume that stays.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { EXIT } from '../model/errors.ts';
import { start } from './command.ts';
import { freePort } from './live/program.ts';

const DEADLINE_MS = 300_000;
const PROJECT = `walproof-port-${randomBytes(3).toString('hex')}`;

test(
  'the port is named, and nothing is left',
  async () => {
    const taken = createServer();
    taken.listen(0, '127.0.0.1');
    await once(taken, 'listening');
    try {
      const { port } = taken.address() as AddressInfo;
      const ports = { NANOCLAW_PORT: await freePort(), ORACLE_PORT: await freePort(), OBSERVER_PORT: port };
      const env = Object.fromEntries(Object.entries(ports).map(([name, value]) => [name, String(value)]));
      const { exitCode, stdout, stderr } = await start(['up', '--json'], {
        env: { ...env, COMPOSE_PROJECT_NAME: PROJECT },
      }).ended;
      expect(JSON.parse(stdout)).toMatchObject({
        error: { code: 'PORT_IN_USE', message: expect.stringContaining(`port ${port}`) },
      });
      expect(exitCode).toBe(EXIT.unavailable);
      expect(stderr).not.toMatch(/^\s+at /m);
      const filter = `label=com.docker.compose.project=${PROJECT}`;
      for (const kind of [
        ['ps', '--all'],
        ['volume', 'ls'],
        ['network', 'ls'],
      ])
        expect((await promisify(execFile)('docker', [...kind, '--quiet', '--filter', filter])).stdout).toBe('');
    } finally {
      taken.close();
    }
  },
  DEADLINE_MS,
);
