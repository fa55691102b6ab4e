/** Processes that have a database open, and what is needed to say that a file was left alone. */
import { type ChildProcess, execFile, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const HOLDER = fileURLToPath(new URL('./holder.ts', import.meta.url));
const READER = `
  const database = new (require('better-sqlite3'))(process.argv[1], { readonly: true });
  console.log(JSON.stringify(database.prepare(process.argv[2]).all()));`;

export class Holder {
  readonly child: ChildProcess;

  static async on(file: string, ...pragmas: string[]): Promise<Holder> {
    const holder = new Holder(fork(HOLDER, [file, ...pragmas]));
    onTestFinished(() => holder.end());
    await holder.#answer();
    return holder;
  }

  private constructor(child: ChildProcess) {
    this.child = child;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async ask(order: { exec: string } | { all: string } | { iterate: string }): Promise<unknown> {
    const answer = this.#answer();
    this.child.send(order);
    return await answer;
  }

  async #answer(): Promise<unknown> {
    const [message] = (await once(this.child, 'message')) as [{ value?: unknown; refused?: string }];
    return message.refused ?? message.value;
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }

  async end(): Promise<void> {
    await this.kill();
  }
}

export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'walproof-inspect-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Hash, time and size of a database and its sidecars: equal before and after means that nobody wrote. */
export function printsOf(file: string): unknown {
  return ['', '-wal', '-shm', '-journal'].map((suffix) => {
    const path = `${file}${suffix}`;
    if (!existsSync(path)) return null;
    const { mtimeMs, size, ino } = statSync(path);
    return { mtimeMs, size, ino, hash: createHash('sha256').update(readFileSync(path)).digest('hex') };
  });
}

/** Rows as SQLite gives them to a process of its own. */
export async function rowsBeside(file: string, sql: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', READER, file, sql]);
  return JSON.parse(stdout);
}

/** The same for all files of a folder. */
export function folderPrints(folder: string): unknown {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const facts = statSync(join(folder, name));
      const hash = facts.isFile()
        ? createHash('sha256')
            .update(readFileSync(join(folder, name)))
            .digest('hex')
        : null;
      return { name, mtimeMs: facts.mtimeMs, hash };
    });
}
