/**
 * How close a service comes to what its own statements do on a bare connection: in turns the whole service under writing clients
 * alone, one bare process, and several bare processes on one file.
 */
import type { ServiceUnderTest } from '../../model/scenario.ts';
import type { Engine } from '../../model/stack.ts';
import type { Limit, LimitCpu, LimitPair } from '../document.ts';
import { spreadOf } from '../spread.ts';
import { type BareRun, runBare } from './bare.ts';
import { filesMs } from './files.ts';
import { jsonMs } from './json.ts';
import { runService, type ServiceAnswer } from './service.ts';
import { meanMs, type Split, splitOf } from './split.ts';

export interface LimitWish {
  service: ServiceUnderTest;
  engine: Engine;
  /** Of the service: enough of them to keep it busy, or it is their waiting that is measured. */
  clients: number;
  /** Of the second bare side. */
  processes: number;
  pairs: number;
  durationMs: number;
  seed: number;
  say(line: string): void;
  signal: AbortSignal;
}

export async function limitOf(wish: LimitWish): Promise<Limit> {
  const { service, clients, processes, durationMs, say, signal } = wish;
  const { name } = service.definition;
  const pairs: LimitPair[] = [];
  const splits: Split[] = [];
  for (let n = 0; n < wish.pairs; n++) {
    const seed = wish.seed + n;
    const bare = (count: number, timed: boolean) =>
      runBare({ service: name, writers: count, seed, durationMs, timed, signal });
    const served = () => runService({ ...wish, seed });
    // In turns, so that a machine that grows slower favours neither.
    const early = n % 2 === 0 ? await served() : null;
    const one = await bare(1, false);
    const many = await bare(processes, false);
    const timed = await bare(1, true);
    const answer = early ?? (await served());
    const pair = pairOf(one, many, answer);
    pairs.push(pair);
    splits.push(splitFrom(name, seed, answer, timed));
    say(
      `${name} limit, pair ${n + 1} of ${wish.pairs}: ${Math.round(pair.service)} writes/s of ${Math.round(pair.bare)} in one process, ${Math.round(pair.processes)} in ${processes}`,
    );
  }
  return limitFrom(name, { clients, processes }, pairs, splits);
}

function pairOf(one: BareRun, many: BareRun, served: ServiceAnswer): LimitPair {
  return {
    bare: one.writesPerSecond,
    processes: many.writesPerSecond,
    service: served.writesPerSecond,
    bareCommits: one.commitsPerSecond,
    serviceCommits: served.commitsPerSecond,
    cpu: {
      bareMs: one.answers.reduce((sum, { cpuMs, writes }) => sum + cpuMs / writes, 0),
      facesMs: served.cpu.faces,
      databasesMs: served.cpu.databases,
      trafficMs: served.cpu.traffic,
    },
  };
}

function splitFrom(service: string, seed: number, served: ServiceAnswer, { answers: [timed] }: BareRun): Split {
  if (timed?.statements == null) throw new RangeError('expected a bare run whose statements were timed');
  const json = jsonMs(service, seed);
  return splitOf({
    latencyMs: served.latencyMs,
    httpMs: served.refusedMs - json,
    jsonMs: json,
    filesMs: filesMs(service, seed),
    lockWaitMs: meanMs(served.statements.begin),
    commitMs: meanMs(served.statements.commit),
    statementsMs: (1_000 * timed.statements.other.seconds) / timed.writes,
  });
}

/** Pure: what was measured in pairs, in one row. */
export function limitFrom(
  service: string,
  { clients, processes }: Pick<LimitWish, 'clients' | 'processes'>,
  pairs: readonly LimitPair[],
  splits: readonly Split[],
): Limit {
  const of = (figure: (pair: LimitPair) => number | null) =>
    spreadOf(pairs.map(figure).filter((value) => value !== null && Number.isFinite(value)) as number[]);
  const commitsOver = ({ serviceCommits }: LimitPair, by: number | null) =>
    serviceCommits === null || by === null ? null : serviceCommits / by;
  return {
    service,
    engine: 'process',
    pairs: [...pairs],
    bare: { writesPerSecond: of((pair) => pair.bare) },
    processes: { count: processes, writesPerSecond: of((pair) => pair.processes) },
    served: { clients, writesPerSecond: of((pair) => pair.service) },
    ratio: of((pair) => pair.service / pair.bare),
    commitRatio: of((pair) => commitsOver(pair, pair.bareCommits)),
    commitsPerWrite: of((pair) => commitsOver(pair, pair.service)),
    cpu: medianCpu(pairs),
    split: medianSplit(splits),
  };
}

const middle = (values: readonly number[]) => Math.round(1_000 * (spreadOf(values)?.median ?? 0)) / 1_000;

function medianCpu(pairs: readonly LimitPair[]): LimitCpu {
  const of = (role: keyof LimitCpu) => middle(pairs.map(({ cpu }) => cpu[role]));
  return { bareMs: of('bareMs'), facesMs: of('facesMs'), databasesMs: of('databasesMs'), trafficMs: of('trafficMs') };
}

/** Each share is the middle of its own, so that they need not add up to the whole to the last digit. */
function medianSplit(splits: readonly Split[]): Split | null {
  if (splits.length === 0) return null;
  const of = (share: keyof Split) => middle(splits.map((each) => each[share]));
  return {
    latencyMs: of('latencyMs'),
    httpMs: of('httpMs'),
    jsonMs: of('jsonMs'),
    filesMs: of('filesMs'),
    lockWaitMs: of('lockWaitMs'),
    commitMs: of('commitMs'),
    statementsMs: of('statementsMs'),
    otherMs: of('otherMs'),
  };
}
