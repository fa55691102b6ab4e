/** The run bundle: everything a verdict rests on, in one folder, so that it can be judged again without an engine. */
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { WalproofError } from '../model/errors.ts';
import type { Observation } from '../model/observation.ts';
import type { Arm, Op } from '../model/op.ts';

export class Bundle implements AsyncDisposable {
  /** Absolute path of the folder. */
  readonly path: string;
  readonly #streams = new Map<string, WriteStream>();
  #failure: Error | null = null;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes `<parent>/<UTC time>-<scenario>-<seed>/`. Throws DISK_FULL or USAGE when the folder cannot be made. */
  static async create(parent: string, scenario: string, seed: number): Promise<Bundle> {
    const time = new Date()
      .toISOString()
      .replaceAll(':', '')
      .replace(/\.\d+Z$/, 'Z');
    const path = join(parent, `${time}-${scenario}-${seed}`);
    try {
      await mkdir(join(path, 'logs'), { recursive: true });
    } catch (error) {
      throw folderError(path, error as NodeJS.ErrnoException);
    }
    return new Bundle(path);
  }

  op(op: Op): void {
    this.#line('history.jsonl', JSON.stringify(op));
  }

  observation(seen: Observation): void {
    this.#line('observations.jsonl', JSON.stringify(seen));
  }

  log(arm: Arm, process: string, line: string): void {
    this.#line(join('logs', `${arm === 'control' ? 'control-' : ''}${process}.log`), line);
  }

  async json(name: string, value: unknown): Promise<void> {
    await this.text(name, `${JSON.stringify(value, null, 2)}\n`);
  }

  async text(name: string, content: string): Promise<void> {
    await writeFile(join(this.path, name), content).catch((error: NodeJS.ErrnoException) => {
      throw folderError(this.path, error);
    });
  }

  /** The folder for the copies of a service's database. */
  async databaseFolder(service: string): Promise<string> {
    const folder = join(this.path, 'db', service);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  /** Writes everything out and points `latest` beside the folder to it. Throws DISK_FULL when something was not written. */
  async close(): Promise<void> {
    await this[Symbol.asyncDispose]();
    if (this.#failure !== null) throw folderError(this.path, this.#failure as NodeJS.ErrnoException);
    const link = join(this.path, '..', 'latest');
    const fresh = `${link}.${process.pid}`;
    await rm(fresh, { force: true });
    await symlink(basename(this.path), fresh);
    await rename(fresh, link);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const streams = [...this.#streams.values()];
    this.#streams.clear();
    await Promise.all(
      streams.map(async (stream) => {
        stream.end();
        await finished(stream).catch((error: Error) => {
          this.#failure ??= error;
        });
      }),
    );
  }

  #line(name: string, line: string): void {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = createWriteStream(join(this.path, name), { flags: 'a' });
      stream.on('error', (error) => {
        this.#failure ??= error;
      });
      this.#streams.set(name, stream);
    }
    stream.write(`${line}\n`);
  }
}

function folderError(path: string, error: NodeJS.ErrnoException): WalproofError {
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
    return new WalproofError(
      'DISK_FULL',
      `the disk is full: the run bundle ${path} could not be written`,
      'free some space, or choose another folder with --out',
      { cause: error },
    );
  }
  return new WalproofError(
    'USAGE',
    `the run bundle ${path} could not be written: ${error.message}`,
    'choose a writable folder with --out',
    { cause: error },
  );
}
