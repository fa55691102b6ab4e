/** One service with one setting: traced from its first write on, loaded, killed; then every cut of the power that is looked at. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createProcessEngine } from '../engine/process/engine.ts';
import { newRunId } from '../engine/shared/run-id.ts';
import { until } from '../engine/shared/until.ts';
import type { CrashLooks } from '../model/crash.ts';
import { messageOf, WalproofError } from '../model/errors.ts';
import type { Op } from '../model/op.ts';
import type { ServiceUnderTest } from '../model/scenario.ts';
import type { ServiceDefinition } from '../model/service.ts';
import type { Stack } from '../model/stack.ts';
import { derive, writeOut } from '../mutants/derive.ts';
import { intsFrom } from '../observe/crash/images.ts';
import { ArmRecorder } from '../observe/recorder.ts';
import { choicesFor, EVERYTHING } from './choices.ts';
import { Disk, type Entries } from './disk.ts';
import { type ImageVerdict, type Recovered, type Row, rowOf, verdictOf } from './judge.ts';
import { recover } from './recover.ts';
import { editsFor, type Setting } from './setting.ts';
import { type DiskEvent, eventsIn, type Suffix } from './trace.ts';

const TRAFFIC = { clients: 4, ratePerSecond: 400 };
/** Enough frames for a checkpoint or two, which is when settings differ most; on a busy machine that takes its time. */
const ACKNOWLEDGED = 200;
const TRAFFIC_DEADLINE_MS = 60_000;
/** Every call of a traced process stops it twice. */
const START_TIMEOUT_MS = 90_000;
/** Moments at which the power is cut, drawn from the seed among all calls after the first acknowledgement. */
const CUTS = 12;
const TRACE_END_MS = 15_000;
/** An answer that is younger than this at the cut counts as not given: two clocks that are read by two programs. */
const CLOCK_SLACK_US = 2_000;
const TRACE_ME = new URL('./trace-me.ts', import.meta.url);
const SUFFIXES: readonly Suffix[] = ['', '-wal', '-journal'];

export interface CellOptions {
  service: ServiceUnderTest;
  setting: Setting;
  seed: number;
  signal: AbortSignal;
}

export interface Cell extends Setting {
  service: string;
  kill: Row;
  powerCut: Row;
  /** Calls that the model was made of, and how many of them were syncs. */
  calls: number;
  syncs: number;
}

/** What one traced run left. */
interface Traced {
  ops: readonly Op[];
  /** Wall clock at the recorder's zero. */
  zeroUs: number;
  events: readonly DiskEvent[];
  /** The files as they lay there after the kill. */
  left: ReadonlyMap<Suffix, Uint8Array>;
}

export async function runCell(options: CellOptions): Promise<Cell> {
  const { service, setting, seed } = options;
  const folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), `walproof-crash-${process.pid}-`));
  try {
    const traced = await trace(options, join(folder));
    const looks = looksOf(service.definition);
    const images = join(folder, 'image');
    const committed = recover(traced.left, images, looks);
    requireSound(committed, service.definition.name, setting);
    const disk = new Disk(traced.events);
    requireFaithful(disk, traced);
    const judged = judge(traced, disk, { of: looks.keys[0]?.of ?? '', keys: committed.keys }, seed, (files) =>
      recover(files, images, looks),
    );
    const syncs = traced.events.filter(({ kind }) => kind === 'sync' || kind === 'sync-folder').length;
    return { service: service.definition.name, ...setting, ...judged, calls: traced.events.length, syncs };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function trace({ service, setting, seed, signal }: CellOptions, folder: string): Promise<Traced> {
  const { definition, traffic } = service;
  const edits = editsFor(definition.name, setting);
  await using written = await writeOut(await derive({ name: `${definition.name}/durability`, edits }));
  await using stack = await createProcessEngine().createStack({
    service: tracedService(definition, folder),
    runId: newRunId(),
    startTimeoutMs: START_TIMEOUT_MS,
    ...(edits.length === 0 ? {} : { overlay: written.overlay }),
  });
  const sink = { op: () => undefined, observation: () => undefined };
  const recorder = new ArmRecorder('subject', definition.name, sink, performance.now());
  const zeroUs = (Date.now() - recorder.nowMs()) * 1_000;
  await stack.start();
  const ending = new AbortController();
  const stopOn = AbortSignal.any([ending.signal, signal]);
  const running = traffic.run({ seed, ...TRAFFIC, stack, recorder, signal: stopOn });
  const enough = () =>
    recorder.ops.filter(({ outcome, kind }) => outcome === 'ok' && kind === 'write').length >= ACKNOWLEDGED;
  await until(enough, { deadlineMs: TRAFFIC_DEADLINE_MS, signal });
  signal.throwIfAborted();
  // Under load: what was under way then is part of what is looked at.
  await stack.kill();
  ending.abort();
  await running;
  return { ops: recorder.ops, zeroUs, ...(await readTraces(stack, folder)) };
}

/** The same service, each database process of which has strace attached to it. */
function tracedService(definition: ServiceDefinition, folder: string): ServiceDefinition {
  const env = {
    NODE_OPTIONS: `--import=${TRACE_ME.href}`,
    WALPROOF_TRACED: `{data}/${definition.database}`,
    WALPROOF_TRACES: folder,
  };
  return { ...definition, processes: definition.processes.map((each) => ({ ...each, env: { ...each.env, ...env } })) };
}

async function readTraces(stack: Stack, folder: string): Promise<Pick<Traced, 'events' | 'left'>> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.strace'));
  const ended = () =>
    names.every((name) =>
      /^.*\+\+\+ (killed|exited).*\n*$/m.test(readFileSync(join(folder, name), 'utf8').slice(-200)),
    );
  const all = await until(ended, { deadlineMs: TRACE_END_MS, everyMs: 20 });
  if (!all || names.length < stack.processes.length)
    throw broken(`a finished trace of each of ${stack.processes.length} processes, seen ${names.length} traces`);
  const traces = names.map((name) => readFileSync(join(folder, name), 'utf8'));
  const path = /"((?:\\x[0-9a-f]{2})+)", O_RDWR\|O_CREAT/.exec(traces[0] ?? '')?.[1] ?? '';
  const database = Buffer.from(path.replaceAll('\\x', ''), 'hex').toString();
  const copies = join(folder, 'left');
  await stack.copyDatabase(copies);
  const left = new Map<Suffix, Uint8Array>();
  for (const suffix of SUFFIXES) {
    const file = join(copies, `${basename(stack.service.database)}${suffix}`);
    if (existsSync(file)) left.set(suffix, await readFile(file));
  }
  try {
    return { events: eventsIn(traces, database), left };
  } catch (error) {
    throw broken(`only calls that the model knows, but ${messageOf(error)}`);
  }
}

/**
 * Without this the model would be a guess: all calls together must give the very files that lie there. A call that the kill met
 * has done all of its work or none.
 */
function requireFaithful(disk: Disk, { events, left }: Traced): void {
  const finished = new Disk(events.filter(({ endUs }) => Number.isFinite(endUs)));
  const rebuilt = [disk, finished].map((each) => each.filesAfter(Number.POSITIVE_INFINITY, 'ordered', EVERYTHING));
  const wrong = rebuilt.map((files) => SUFFIXES.find((suffix) => !isSame(files.get(suffix), left.get(suffix))));
  if (wrong.includes(undefined)) return;
  const [suffix = ''] = wrong;
  const sizes = `${rebuilt[0]?.get(suffix)?.length ?? 'no'} bytes, lie there ${left.get(suffix)?.length ?? 'no'}`;
  throw broken(`${events.length} calls to rebuild the ${suffix || 'database'} file byte for byte, rebuilt ${sizes}`);
}

function isSame(rebuilt: Uint8Array | undefined, real: Uint8Array | undefined): boolean {
  return rebuilt === undefined || real === undefined ? rebuilt === real : Buffer.compare(rebuilt, real) === 0;
}

function requireSound({ complaints, keys }: Recovered, service: string, { journal, synchronous }: Setting): void {
  if (complaints.length === 0 && keys.length > 0) return;
  const seen = complaints[0] ?? 'no row';
  throw broken(`${service} with ${journal} and ${synchronous} to keep sound rows across a kill, seen ${seen}`);
}

function judge(
  { ops, zeroUs, events }: Traced,
  disk: Disk,
  { of, keys: committed }: { of: string; keys: readonly string[] },
  seed: number,
  recovered: (files: ReadonlyMap<Suffix, Uint8Array>) => Recovered,
): { kill: Row; powerCut: Row } {
  const known = new Set(committed);
  const answered = ops.filter(({ outcome, name, key }) => outcome === 'ok' && name === of && key !== undefined);
  const acknowledgedBy = (cutUs: number) =>
    new Set(
      answered
        .filter(({ returnedAtMs }) => zeroUs + returnedAtMs * 1_000 + CLOCK_SLACK_US <= cutUs)
        .map(({ key }) => key as string),
    );
  const [killed, cut]: (ImageVerdict & { image: string })[][] = [[], []];
  const random = intsFrom(seed);
  const firstUs = zeroUs + Math.min(...answered.map(({ returnedAtMs }) => returnedAtMs)) * 1_000 + CLOCK_SLACK_US;
  const late = events.filter(({ startUs }) => startUs >= firstUs);
  for (let n = 0; n < CUTS && late.length > 0; n++) {
    const event = late[random(late.length)] as DiskEvent;
    // In the middle of the call, or just after it.
    const cutUs = random(2) === 0 || event.endUs === Number.POSITIVE_INFINITY ? event.startUs + 1 : event.endUs + 1;
    const acknowledged = acknowledgedBy(cutUs);
    for (const entries of ['ordered', 'strict'] as const) {
      for (const choice of choicesFor(random(0x7fffffff), disk.pendingAt(cutUs, entries))) {
        const seen = verdictOf(recovered(disk.filesAfter(cutUs, entries, choice)), committed, acknowledged);
        const into = choice === EVERYTHING ? killed : cut;
        into?.push({ ...seen, image: imageName(cutUs - firstUs, entries, choice.name) });
      }
    }
  }
  const total = [...acknowledgedBy(Number.POSITIVE_INFINITY)];
  const missing = total.filter((key) => !known.has(key)).length;
  const whole = {
    loss: missing > 0 ? ('the newest' as const) : ('nothing' as const),
    lost: missing,
    said: `${missing} gone`,
  };
  killed?.push({ ...whole, image: 'the killed service itself' });
  return { kill: rowOf(killed ?? [], total.length), powerCut: rowOf(cut ?? [], total.length) };
}

function imageName(sinceUs: number, entries: Entries, choice: string): string {
  return `${Math.round(sinceUs / 1_000)} ms after the first acknowledgement, entries ${entries}, ${choice}`;
}

function looksOf({ promises, keys }: ServiceDefinition): CrashLooks {
  const searchable = promises?.searchable;
  return { tables: searchable?.tables ?? [], halves: searchable?.halves ?? null, keys: (keys ?? []).slice(0, 1) };
}

function broken(expectation: string): WalproofError {
  return new WalproofError(
    'PROBE_FAILED',
    `expected ${expectation}`,
    'the power cuts cannot be judged without a whole trace; run again, on a machine with less load',
  );
}
