/** The run bundle: everything a verdict rests on, in one folder, so that it can be judged again without an engine. */
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { WalproofError } from '../model/errors.ts';
import type { Observation } from '../model/observation.ts';
import type { Arm, Op } from '../model/op.ts';
import { LineFile } from './line-file.ts';
import { BUNDLES_KEPT, pruneBundles } from './prune.ts';
import { SUMS, Sums } from './sums.ts';

export class Bundle implements AsyncDisposable {
  /** Absolute path of the folder. */
  readonly path: string;
  readonly #files = new Map<string, LineFile>();
  readonly #sums = new Sums();
  readonly #broken = new AbortController();

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes `<parent>/<UTC time>-<scenario>-<seed>/`; the oldest of more than 20 bundles go. Throws DISK_FULL or USAGE when the folder cannot be made. */
  static async create(parent: string, scenario: string, seed: number): Promise<Bundle> {
    const time = new Date()
      .toISOString()
      .replaceAll(':', '')
      .replace(/\.\d+Z$/, 'Z');
    const path = join(parent, `${time}-${scenario}-${seed}`);
    try {
      await mkdir(join(path, 'logs'), { recursive: true });
      await pruneBundles(parent, BUNDLES_KEPT - 1);
    } catch (error) {
      throw folderError(path, error as NodeJS.ErrnoException);
    }
    return new Bundle(path);
  }

  /** Aborted, with the error to show, as soon as something could not be written: the rest of the run would be for nothing. */
  get broken(): AbortSignal {
    return this.#broken.signal;
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
    this.#sums.add(name, content);
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
    this.broken.throwIfAborted();
    await this.text(SUMS, this.#sums.toString());
    const link = join(this.path, '..', 'latest');
    const fresh = `${link}.${process.pid}`;
    await rm(fresh, { force: true });
    await symlink(basename(this.path), fresh);
    await rename(fresh, link);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const files = [...this.#files.values()];
    this.#files.clear();
    await Promise.all(files.map((file) => file.close().catch((error: Error) => this.#break(error))));
  }

  #break(error: NodeJS.ErrnoException): void {
    this.#broken.abort(folderError(this.path, error));
  }

  #line(name: string, line: string): void {
    let file = this.#files.get(name);
    if (file === undefined) {
      // Named in the order in which files begin, not in that in which their text comes.
      this.#sums.add(name, '');
      file = new LineFile(join(this.path, name), {
        onBytes: (bytes) => this.#sums.add(name, bytes),
        onError: (error) => this.#break(error),
      });
      this.#files.set(name, file);
    }
    file.add(line);
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
