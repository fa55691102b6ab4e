import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { messageOf, WalproofError } from '../../model/errors.ts';
import { docker, tolerating } from './client.ts';

const DEFAULT_TAG = 'node:24-bookworm-slim';
// A registry that answers says within a second or two that it has the image; only then is the long deadline granted.
const REGISTRY_DEADLINE_MS = 10_000;
const PULL_DEADLINE_MS = 600_000;
const STAND_IN_DEADLINE_MS = 600_000;
const STAND_IN_SCRIPT = fileURLToPath(new URL('base-image.sh', import.meta.url));

/** The image that the services' Dockerfiles build from: NODE_IMAGE, as for `docker compose`, else the public one. */
export function baseImageTag(): string {
  return process.env['NODE_IMAGE'] || DEFAULT_TAG;
}

/**
 * Makes sure that the tag exists locally: it is there, or a registry has it, or a stand-in can be made on this machine.
 * Fails with BASE_IMAGE_UNAVAILABLE.
 */
export async function ensureBaseImage(
  tag: string,
  progress: (line: string) => void,
  signal = new AbortController().signal,
): Promise<void> {
  if (await imageExists(tag)) return;
  progress(`pulling ${tag}`);
  const refusal = await pull(tag, signal);
  signal.throwIfAborted();
  if (refusal === null) return;
  progress(`cannot pull ${tag}: ${refusal}`);
  await makeStandIn(tag, refusal, progress, signal);
}

export async function imageExists(tag: string): Promise<boolean> {
  return (await tolerating([404], docker().getImage(tag).inspect())) !== undefined;
}

/** Null when the image was pulled, else why not. */
async function pull(tag: string, signal: AbortSignal): Promise<string | null> {
  const gaveUp = new AbortController();
  const abortSignal = AbortSignal.any([signal, gaveUp.signal]);
  let timer = setTimeout(() => gaveUp.abort(), REGISTRY_DEADLINE_MS);
  try {
    const stream = await docker().pull(tag, { abortSignal });
    return await new Promise<string | null>((resolve) => {
      abortSignal.addEventListener('abort', () => resolve('the registry took too long'), { once: true });
      docker().modem.followProgress(
        stream,
        (error) => resolve(error === null ? null : messageOf(error)),
        () => {
          clearTimeout(timer);
          timer = setTimeout(() => gaveUp.abort(), PULL_DEADLINE_MS);
        },
      );
    });
  } catch (error) {
    if (gaveUp.signal.aborted) return `no registry answered within ${REGISTRY_DEADLINE_MS} ms`;
    return messageOf(error).trim();
  } finally {
    clearTimeout(timer);
  }
}

async function makeStandIn(
  tag: string,
  refusal: string,
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const message = `expected the base image ${tag} locally or in a registry, found it in neither`;
  const byHand = `load it with \`docker load\`, or set NODE_IMAGE to a Node 24 image that this machine has`;
  if (!existsSync(STAND_IN_SCRIPT)) {
    throw new WalproofError('BASE_IMAGE_UNAVAILABLE', message, byHand, { details: [refusal] });
  }
  const lines: string[] = [];
  const onLine = (line: string) => {
    lines.push(line);
    progress(line);
  };
  const problem = await runStandIn(tag, onLine, signal);
  signal.throwIfAborted();
  if (problem === null) return;
  const next = lines.findLast((line) => line.startsWith('next: '))?.slice('next: '.length) ?? byHand;
  throw new WalproofError('BASE_IMAGE_UNAVAILABLE', `${message}; a stand-in could not be made: ${problem}`, next, {
    details: [refusal, ...lines.slice(-20)],
  });
}

/** Null when the script made the image, else how it ended. */
async function runStandIn(tag: string, onLine: (line: string) => void, signal: AbortSignal): Promise<string | null> {
  // The registry was asked a moment ago; the script need not ask again.
  const script = spawn('bash', [STAND_IN_SCRIPT, tag], {
    env: { ...process.env, WALPROOF_NO_PULL: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: STAND_IN_DEADLINE_MS,
    signal,
  });
  createInterface({ input: script.stderr }).on('line', (line) => onLine(line.replace(/^base-image: /, '')));
  return await new Promise<string | null>((resolve) => {
    script.once('error', (error) => resolve(messageOf(error)));
    script.once('close', (code, signal) => resolve(code === 0 ? null : `base-image.sh ended with ${code ?? signal}`));
  });
}
