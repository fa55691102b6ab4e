import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { messageOf, WalproofError } from '../../model/errors.ts';
import type { ServiceDefinition } from '../../model/service.ts';
import { baseImageTag, ensureBaseImage, imageExists } from './base-image.ts';
import { docker, statusOf } from './client.ts';
import { type BuildInput, buildInputs, dockerfileOf, inputsHash } from './image-inputs.ts';
import { IMAGE_MARK, LABEL, withLabel } from './labels.ts';
import { diskFull } from './refusal.ts';

const SHOWN_LINES = 20;
/** npm on a slow line takes minutes; a build that hangs takes for ever. */
const BUILD_DEADLINE_MS = 900_000;

/** `walproof-<service>:<hash of the build inputs>`. */
export async function imageTag(service: ServiceDefinition): Promise<string> {
  return tagOf(service, await buildInputs(service));
}

/**
 * Builds the service's image unless an image of these very inputs exists. Fails with IMAGE_BUILD_FAILED, which shows the
 * last lines of the build, or BASE_IMAGE_UNAVAILABLE.
 */
export async function ensureImage(
  service: ServiceDefinition,
  progress: (line: string) => void,
  signal = new AbortController().signal,
): Promise<string> {
  const inputs = await buildInputs(service);
  const tag = tagOf(service, inputs);
  if (await imageExists(tag)) return tag;
  const base = baseImageTag();
  await ensureBaseImage(base, progress, signal);
  progress(`building ${tag}`);
  await build(service, tag, base, inputs, progress, signal);
  return tag;
}

/** Removes the images built here; one line per tag. An image that a container still uses is left and named. */
export async function removeImages(): Promise<string[]> {
  const images = await docker().listImages({ filters: withLabel(LABEL.mark, IMAGE_MARK) });
  const lines: string[] = [];
  for (const image of images) {
    for (const name of image.RepoTags?.length ? image.RepoTags : [image.Id]) {
      try {
        await docker().getImage(name).remove();
        lines.push(`removed image ${name}`);
      } catch (error) {
        if (statusOf(error) === 409) lines.push(`kept image ${name}: a container uses it`);
        else if (statusOf(error) !== 404) throw error;
      }
    }
  }
  return lines;
}

function tagOf(service: ServiceDefinition, inputs: readonly BuildInput[]): string {
  return `walproof-${service.name}:${inputsHash(inputs, baseImageTag())}`;
}

// The daemon's own BuildKit through its API: works where no docker command is installed, and shares its layer cache with
// `docker compose build`.
async function build(
  service: ServiceDefinition,
  tag: string,
  base: string,
  inputs: readonly BuildInput[],
  progress: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const lines: string[] = [];
  const onText = (text: string) => {
    for (const line of text.split(/\r?\n/).filter(isTelling)) {
      // BuildKit reports a failed step twice.
      if (lines.at(-1) === `ERROR: ${line}`) continue;
      lines.push(line);
      progress(line);
    }
  };
  try {
    const stream = await docker().buildImage(contextOf(inputs), {
      version: '2',
      t: tag,
      dockerfile: dockerfileOf(service),
      buildargs: { NODE_IMAGE: base, ...proxyArgs() },
      labels: { [LABEL.mark]: IMAGE_MARK, [LABEL.service]: service.name },
      // The daemon ends a build, and removes what it made for it, when nobody listens any more.
      abortSignal: AbortSignal.any([signal, AbortSignal.timeout(BUILD_DEADLINE_MS)]),
    });
    await followBuild(stream, onText);
  } catch (error) {
    onText(messageOf(error));
  }
  signal.throwIfAborted();
  if (await imageExists(tag)) return;
  const details = lines.slice(-SHOWN_LINES);
  const full = diskFull(`build ${tag}`, details);
  if (full !== null) throw full;
  throw new WalproofError(
    'IMAGE_BUILD_FAILED',
    `expected ${dockerfileOf(service)} to build as ${tag}, it did not`,
    'read the lines below; where they name the network, check that the npm registry answers from a container',
    { details },
  );
}

/** In dockerode 5 but not in its types: decodes BuildKit's progress, which is protobuf inside the JSON lines. */
interface DecodesBuildKit {
  followProgress(
    stream: NodeJS.ReadableStream,
    onFinished: (error: Error | null) => void,
    onProgress: (event: { stream?: string; error?: string }) => void,
  ): void;
}

/** Resolves at the end of the build; an error in it is one more text. */
async function followBuild(stream: NodeJS.ReadableStream, onText: (text: string) => void): Promise<void> {
  await new Promise<void>((resolve) => {
    (docker() as Docker & DecodesBuildKit).followProgress(
      stream,
      (error) => {
        if (error !== null) onText(error.message);
        resolve();
      },
      (event) => onText(readable(event.stream ?? event.error ?? '')),
    );
  });
}

// npm pads its errors with empty lines and ends them with news of itself, which would push the cause out of sight.
function isTelling(line: string): boolean {
  return line.trim() !== '' && !/^npm (error$|notice)/.test(line.trimEnd());
}

function readable(text: string): string {
  // dockerode 5.0.1 hands the output of a RUN step on as the base64 that the protobuf decoder makes of bytes. It is the
  // only text in the progress without a blank.
  const line = text.trimEnd();
  if (line.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(line)) return Buffer.from(line, 'base64').toString('utf8');
  // A step's name comes with the start of its digest, which says nothing to a reader.
  return line.replace(/^\[sha256:[0-9a-f]+\] /, '');
}

function contextOf(inputs: readonly BuildInput[]): NodeJS.ReadableStream {
  const archive = pack();
  for (const { path, content } of inputs) archive.entry({ name: path, mode: 0o644, mtime: new Date(0) }, content);
  archive.finalize();
  return Readable.from(archive);
}

/** Predefined build arguments, so a proxy that the host needs reaches npm in the build and stays out of the image. */
function proxyArgs(): Record<string, string> {
  const args: Record<string, string> = {};
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy']) {
    const value = process.env[name];
    if (value !== undefined) args[name] = value;
  }
  return args;
}
