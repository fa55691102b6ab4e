/** The ground of a repro: sites with actors and stacks of services, on one engine, all of it removed at the end. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createSite } from './engine/choose-site.ts';
import { PROJECT_ROOT } from './engine/shared/project-root.ts';
import { newRunId } from './engine/shared/run-id.ts';
import { until } from './engine/shared/until.ts';
import type { Refusal, Site } from './model/actor.ts';
import { WalproofError } from './model/errors.ts';
import type { Lab, StackWish } from './model/repro.ts';
import type { ServiceDefinition } from './model/service.ts';
import type { Engine, Stack, StackOptions } from './model/stack.ts';
import type { StageKind } from './model/timeline.ts';
import { derive, writeOut } from './mutants/derive.ts';
import { observationFromLog } from './observe/log-events.ts';
import type { Clock, OwnedLab } from './repro/harness/play.ts';
import { SERVICES } from './services/index.ts';
import { nanoclaw } from './services/nanoclaw.ts';

/** Generous: a machine with work to do needs seconds for what takes half a second. */
const UNTIL_MS = 30_000;

/** Of pino. */
const ERROR_LEVEL = 50;
/** Kept of each process: a repro takes seconds. */
const LOG_LINES = 5_000;

type SiteWish = Parameters<Lab['site']>[0];

export class EngineLab implements OwnedLab {
  readonly refusals: Refusal[] = [];
  readonly #engine: Engine;
  readonly #runId: string;
  readonly #clock: Clock;
  readonly #owned: AsyncDisposable[] = [];
  readonly #sites: Site[] = [];
  /** Of these, the ones on the data of a stack. */
  readonly #besides = new Set<Site>();
  readonly #stacks: Stack[] = [];
  /** By process, as services write them. */
  readonly #logs = new Map<string, string[]>();
  #disposed: Promise<void> | null = null;

  /** `runId` is on every label and folder of what it makes. */
  constructor(engine: Engine, runId = newRunId(), clock: Clock = (_, work) => work()) {
    this.#engine = engine;
    this.#runId = runId;
    this.#clock = clock;
  }

  get engine() {
    return this.#engine.name;
  }

  async site({ service, variant = 'patched' }: SiteWish = {}): Promise<Site> {
    const options: Parameters<typeof createSite>[0] = {
      ...(service === undefined ? {} : { service: definitionOf(service), ...dbModuleOf(service, variant) }),
      engine: this.engine,
      runId: this.#runId,
      home: nanoclaw,
      onRefused: (refusal) => {
        this.refusals.push(refusal);
        this.#log(refusal.process, lineOf(refusal));
      },
    };
    const site = await this.#clock({ kind: 'start', what: 'site' }, () => createSite(options));
    this.#sites.push(await this.#own(site));
    return site;
  }

  async stack(name: string, options: StackWish = {}): Promise<Stack> {
    const { variant = 'patched', seedDatabase, edits = [], dataLimitBytes, placements } = options;
    const written = await this.#own(await writeOut(await derive({ name, edits })));
    const overlay = new Map(written.overlay);
    // A variant that is edited comes from the edited file, in the same place.
    const variantFile = definitionOf(name).variants[variant] ?? '';
    const edited = variant === 'patched' ? undefined : overlay.get(variantFile);
    if (edited !== undefined) overlay.delete(variantFile);
    const wish: StackOptions = {
      service: definitionOf(name),
      runId: this.#runId,
      ...(edited === undefined ? dbModuleOf(name, variant) : { dbModule: edited }),
      ...(overlay.size === 0 ? {} : { overlay }),
      ...(dataLimitBytes === undefined ? {} : { dataLimitBytes }),
      ...(placements === undefined ? {} : { placements }),
      ...(seedDatabase === undefined ? {} : { seedDatabase: join(PROJECT_ROOT, seedDatabase) }),
      events: {
        onLine: (line) => {
          this.#log(line.process, line.line);
          const seen = observationFromLog(line, 1);
          if (seen?.kind === 'sqlite-error') this.refusals.push({ ...seen });
        },
      },
    };
    const create = () => this.#engine.createStack(wish);
    const stack = timed(await this.#clock({ kind: 'start', what: `stack of ${name}` }, create), this.#clock);
    this.#stacks.push(await this.#own(stack));
    return stack;
  }

  beside(stack: Stack): Site {
    const site = stack.beside((refusal) => {
      this.refusals.push(refusal);
      this.#log(refusal.process, lineOf(refusal));
    });
    this.#sites.push(site);
    this.#besides.add(site);
    return site;
  }

  async folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'walproof-repro-'));
    await this.#own({ [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) });
    return path;
  }

  require(condition: boolean, expectation: string): void {
    if (condition) return;
    throw new WalproofError(
      'REPRO_BROKEN',
      `expected ${expectation}, but it was not so`,
      'The scene could not be set, which says nothing about the bug. Run again.',
      { details: this.refusals.map(({ process, code, message, sql }) => `${process}: ${message} (${code}): ${sql}`) },
    );
  }

  async until(condition: () => Promise<boolean> | boolean, expectation: string): Promise<void> {
    this.require(await until(condition, { deadlineMs: UNTIL_MS }), `${expectation} within ${UNTIL_MS} ms`);
  }

  async lasting(ms: number): Promise<void> {
    await delay(ms);
  }

  howToLook(): string[] {
    const stacks = this.#stacks.flatMap((stack) =>
      stack.processes
        .filter(({ name }) => stack.isRunning(name))
        .map(({ name, healthPath }) => `  ${name}: ${stack.baseUrl(name)}${healthPath}`),
    );
    return [...this.#sites.flatMap((site) => site.howToLook()), ...stacks];
  }

  async saveTo(folder: string): Promise<void> {
    await mkdir(join(folder, 'logs'), { recursive: true });
    for (const [process, lines] of this.#logs)
      await writeFile(join(folder, 'logs', `${process}.log`), lines.map((line) => `${line}\n`).join(''));
    const grounds = [...this.#sites.filter((site) => !this.#besides.has(site)), ...this.#stacks];
    for (const [n, ground] of grounds.entries())
      await ground.copyDatabase(grounds.length === 1 ? join(folder, 'db') : join(folder, 'db', String(n + 1)));
  }

  #log(process: string, line: string): void {
    const lines = this.#logs.get(process) ?? [];
    this.#logs.set(process, lines);
    if (lines.length < LOG_LINES) lines.push(line);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#clock({ kind: 'stop', what: 'removing' }, () => this.#dispose());
    await this.#disposed;
  }

  async #dispose(): Promise<void> {
    const ended = await Promise.allSettled(this.#owned.map((owned) => owned[Symbol.asyncDispose]()));
    const failed = ended.find((how) => how.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /** What is made while the lab is being removed goes with it. */
  async #own<T extends AsyncDisposable>(made: T): Promise<T> {
    this.#owned.push(made);
    if (this.#disposed === null) return made;
    await made[Symbol.asyncDispose]();
    throw new WalproofError('INTERRUPTED', 'the repro was interrupted while it made something', 'Run again.');
  }
}

/** What takes a stack's time, by method. */
const TIMED: Readonly<Record<string, StageKind>> = { start: 'start', recreate: 'start', stop: 'stop', kill: 'stop' };

/** The same stack, whose starts and ends are timed. */
function timed(stack: Stack, clock: Clock): Stack {
  return new Proxy(stack, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      const kind = typeof name === 'string' ? TIMED[name] : undefined;
      if (kind === undefined) return value.bind(target);
      const what = `${String(name)} ${target.service.name}`;
      return (...args: unknown[]) => clock({ kind, what }, () => value.apply(target, args));
    },
  });
}

/** A refusal as a service would log it. */
function lineOf({ process, code, message, elapsedMs, sql }: Refusal): string {
  const time = new Date().toISOString();
  return JSON.stringify({
    level: ERROR_LEVEL,
    time,
    process,
    event: 'sqlite-error',
    err: { code, message },
    elapsedMs,
    sql,
  });
}

function definitionOf(name: string): ServiceDefinition {
  const service = SERVICES.find(({ definition }) => definition.name === name)?.definition;
  if (service === undefined) throw new RangeError(`no service ${name}`);
  return service;
}

function dbModuleOf(service: string, variant: string): { dbModule?: string } {
  if (variant === 'patched') return {};
  const file = definitionOf(service).variants[variant];
  if (file === undefined) throw new RangeError(`${service} has no variant ${variant}`);
  return { dbModule: join(PROJECT_ROOT, file) };
}
