import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Actor, Refusal, Site, SiteOptions } from '../../model/actor.ts';
import { WalproofError } from '../../model/errors.ts';
import type { FileFacts } from '../../model/stack.ts';
import { LineRing, SHOWN_LINES } from '../shared/line-ring.ts';
import { ScriptedActor } from '../shared/scripted-actor.ts';
import { interrupted } from './await-started.ts';
import { copyDatabase } from './copy-database.ts';
import { listDatabaseFolder } from './database-folder.ts';
import { atProcessExit } from './exit-guard.ts';
import { baseEnvironment, createFolder, installApp, linkPackages, type StackFolder } from './folder.ts';
import { writeOwnerRecord } from './owner-record.ts';
import { ProcessGroup } from './process-group.ts';

const PROGRAM = fileURLToPath(new URL('../shared/actor-program.ts', import.meta.url));

interface Living {
  name: string;
  group: ProcessGroup;
  ended: Promise<void>;
}

/** Where actors stand: a folder of their own, or that of a stack. */
interface Ground {
  folder: StackFolder;
  /** Whose packages and db module they find. */
  cwd: string;
  database: string;
  onRefused: (refusal: Refusal) => void;
  onGroup: (group: ProcessGroup, change: 'began' | 'ended') => void;
}

/** Actors as child processes on a temporary folder. */
export class ProcessSite implements Site {
  readonly engine = 'process';
  readonly #ground: Ground;
  readonly #remove: () => Promise<void>;
  readonly #living = new Set<Living>();
  #disposed: Promise<void> | null = null;

  static async create(
    runId: string,
    options: SiteOptions,
    onRefused: (refusal: Refusal) => void,
  ): Promise<ProcessSite> {
    const folder = createFolder(tmpdir(), runId, 'repro');
    try {
      await linkPackages(folder);
      const { service, dbModule } = options;
      if (service !== undefined) await installApp(folder, { service, ...(dbModule === undefined ? {} : { dbModule }) });
      return ProcessSite.#own(folder, service === undefined ? folder.path : folder.app, onRefused);
    } catch (error) {
      await rm(folder.path, { recursive: true, force: true });
      throw error;
    }
  }

  static #own(folder: StackFolder, cwd: string, onRefused: (refusal: Refusal) => void): ProcessSite {
    const groups = new Set<ProcessGroup>();
    const cancelExitGuard = atProcessExit(() => {
      for (const group of groups) group.signal('SIGKILL');
      rmSync(folder.path, { recursive: true, force: true, maxRetries: 20, retryDelay: 25 });
    });
    const onGroup: Ground['onGroup'] = (group, change) => {
      if (change === 'began') groups.add(group);
      else groups.delete(group);
      // The folder may be gone with the last of them, and the record before names all of them.
      if (!site.isDisposed) writeOwnerRecord(folder.path, [...groups]);
    };
    const site: ProcessSite = new ProcessSite({ folder, cwd, database: 'app.db', onRefused, onGroup }, async () => {
      await rm(folder.path, { recursive: true, force: true });
      cancelExitGuard();
    });
    return site;
  }

  /** On the folder of a stack, which has to be told of the groups, since its end is theirs. */
  static beside(ground: Ground): ProcessSite {
    return new ProcessSite(ground, async () => undefined);
  }

  private constructor(ground: Ground, remove: () => Promise<void>) {
    this.#ground = ground;
    this.#remove = remove;
  }

  get isDisposed(): boolean {
    return this.#disposed !== null;
  }

  async actor(name: string): Promise<Actor> {
    if (this.isDisposed) throw interrupted(name);
    const { folder, cwd, database, onRefused, onGroup } = this.#ground;
    const actor = new ScriptedActor(name, onRefused);
    const child = spawn(process.execPath, [PROGRAM], {
      cwd,
      env: { ...baseEnvironment(folder), ACTOR_DATA: folder.data, ACTOR_DATABASE: database },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    if (child.pid === undefined) {
      throw new WalproofError(
        'REPRO_BROKEN',
        `the process of ${name} could not be spawned`,
        'Check the limits on processes and memory (ulimit -u, free -m), then run again.',
      );
    }
    // It can be killed while a line to it is under way.
    child.stdin.on('error', () => undefined);
    const group = new ProcessGroup(child.pid);
    const stderr = new LineRing();
    createInterface({ input: child.stdout }).on('line', (line) => actor.onLine(line));
    createInterface({ input: child.stderr }).on('line', (line) => stderr.push(line));
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const living: Living = { name, group, ended };
    this.#living.add(living);
    onGroup(group, 'began');
    void ended.then(() => {
      this.#living.delete(living);
      actor.onEnd();
      onGroup(group, 'ended');
    });
    actor.attach({
      send: (line) => child.stdin.write(`${line}\n`),
      complaints: () => stderr.last(SHOWN_LINES),
      kill: async () => {
        await group.kill();
        await ended;
      },
      pause: () => group.freeze(),
      unpause: () => group.resume(),
    });
    return actor;
  }

  async files(): Promise<FileFacts[]> {
    const { folder, database } = this.#ground;
    return await listDatabaseFolder(folder.data, database);
  }

  async copyDatabase(toDir: string): Promise<string[]> {
    const { folder, database } = this.#ground;
    const groups = [...this.#living].map(({ group }) => group);
    return await copyDatabase(join(folder.data, database), toDir, groups);
  }

  howToLook(): string[] {
    const actors = [...this.#living].map(
      ({ name, group }) => `  ${name}: pid ${group.pgid}, its open files: ls -l /proc/${group.pgid}/fd`,
    );
    const { folder, database } = this.#ground;
    const look = `node -e "console.log(new (require('better-sqlite3'))('${join(folder.data, database)}').pragma('journal_mode'))"`;
    return [`data folder: ${folder.data}`, ...actors, `  a connection of your own: ${look}`];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    await this.#disposed;
  }

  async #dispose(): Promise<void> {
    const living = [...this.#living];
    await Promise.all(living.map(({ group }) => group.kill()));
    await Promise.all(living.map(({ ended }) => ended));
    await this.#remove();
  }
}
