/** The charts of one service in one arm, each with what it says in words. */

import { plain } from '../plain-text.ts';
import { middles } from './buckets.ts';
import { type Band, type Chart, DASHED, DOTTED, linearAxis, logAxis, SOLID } from './chart.ts';
import { counted, enumerated, milliseconds, seconds, short, whole } from './numbers.ts';
import type { FaultMark, Side } from './side.ts';
import type { TrafficSeries } from './traffic-series.ts';
import type { WalSeries } from './wal-series.ts';

/** A chart with its heading and its text alternative. */
export interface Told {
  chart: Chart;
  title: string;
  summary: string;
}

const HEIGHT_PX = 232;
const NAME_CHARS = 40;

export function throughput(side: Side, series: TrafficSeries): Told {
  const { ok, fail, info } = series.perSecond;
  const chart: Chart = {
    ...frame(side, series.buckets, 'throughput', 'calls/s'),
    x: middles(series.buckets),
    y: linearAxis(ok, fail, info),
    lines: [
      { label: 'ok', tone: 1, dash: SOLID, values: ok },
      { label: 'fail', tone: 2, dash: DASHED, values: fail },
      { label: 'info', tone: 3, dash: DOTTED, values: info },
    ],
  };
  const { calls } = side;
  const totals = `${whole(calls.ok)} calls acknowledged, ${whole(calls.fail)} refused, ${whole(calls.info)} without a reply`;
  return {
    chart,
    title: 'Calls per second, by outcome',
    summary: `${totals}. Acknowledged per second: ${spread(ok, whole)}. ${faultWords(side)}`,
  };
}

export function latency(side: Side, series: TrafficSeries): Told {
  const of = (quantile: 'p50' | 'p99' | 'max') => series.latencyMs.map((bucket) => bucket[quantile]);
  const [p50, p99, max] = [of('p50'), of('p99'), of('max')];
  const chart: Chart = {
    ...frame(side, series.buckets, 'latency', 'ms'),
    x: middles(series.buckets),
    y: logAxis(p50, p99, max),
    lines: [
      { label: 'p50', tone: 1, dash: SOLID, values: p50 },
      { label: 'p99', tone: 2, dash: DASHED, values: p99 },
      { label: 'max', tone: 3, dash: DOTTED, values: max },
    ],
  };
  return {
    chart,
    title: 'Latency of acknowledged calls',
    summary: `Median ${spread(p50, milliseconds)}; p99 ${spread(p99, milliseconds)}; slowest ${spread(max, milliseconds)}. ${faultWords(side)}`,
  };
}

export function wal(side: Side, series: WalSeries): Told {
  const { points, samples, checkpointsSeen } = series;
  const inMegabytes = (bytes: number | null) => (bytes === null ? null : Math.round(bytes / 1e4) / 100);
  const file = points.map(({ fileBytes }) => inMegabytes(fileBytes));
  const pending = points.map(({ pendingBytes }) => inMegabytes(pendingBytes));
  const { fromMs, untilMs } = side.traffic ?? { fromMs: 0, untilMs: 0 };
  const chart: Chart = {
    ...frame(side, { fromMs, untilMs }, 'wal', 'MB'),
    x: points.map(({ atMs }) => Math.round(atMs - fromMs) / 1_000),
    y: linearAxis(file, pending),
    lines: [
      { label: 'file', tone: 1, dash: SOLID, values: file },
      { label: 'pending', tone: 2, dash: DASHED, values: pending },
    ],
  };
  const looks = `${counted(samples, 'look')} at the -wal`;
  const progress = `Progress of a checkpoint was seen ${counted(checkpointsSeen, 'time')}.`;
  return {
    chart,
    title: 'The -wal: size of the file, and what a checkpoint still had to copy',
    summary: `${looks}. File ${spread(file, megabytesOf)}; not yet checkpointed ${spread(pending, megabytesOf)}. ${progress}`,
  };
}

export function busy(side: Side, series: TrafficSeries): Told {
  const values = series.busyPerSecond;
  return {
    chart: {
      ...frame(side, series.buckets, 'busy', 'errors/s'),
      x: middles(series.buckets),
      y: linearAxis(values),
      lines: [{ label: 'busy', tone: 2, dash: SOLID, values }],
    },
    title: 'Locks refused per second, as the drivers saw them',
    summary: `${counted(side.busy, 'lock')} refused. Per second: ${spread(values, short)}. ${faultWords(side)}`,
  };
}

/** What all charts of an arm have in common. */
function frame(side: Side, { fromMs, untilMs }: { fromMs: number; untilMs: number }, name: string, unit: string) {
  return {
    name,
    group: `${plain(side.service, NAME_CHARS)} ${side.arm}`,
    unit,
    xMax: Math.max(0.001, (untilMs - fromMs) / 1_000),
    bands: side.faults.map((fault, n) => band(fault, n + 1, fromMs)),
    heightPx: HEIGHT_PX,
  };
}

function band({ fault, target, atMs, healedAtMs, tookEffect }: FaultMark, n: number, fromMs: number): Band {
  const label = `${faultName({ fault, target })}${tookEffect ? '' : ', no effect'}`;
  return { n, label, from: (atMs - fromMs) / 1_000, until: (healedAtMs - fromMs) / 1_000 };
}

export function faultName({ fault, target }: Pick<FaultMark, 'fault' | 'target'>): string {
  return plain(`${fault} ${target}`, NAME_CHARS);
}

function faultWords({ faults, traffic }: Side): string {
  if (faults.length === 0) return 'No fault.';
  const named = faults
    .slice(0, 6)
    .map((fault) => `${faultName(fault)} at ${seconds(fault.atMs - (traffic?.fromMs ?? 0))}`);
  const more = faults.length > named.length ? ` and ${faults.length - named.length} more` : '';
  return `${counted(faults.length, 'fault')}: ${more === '' ? enumerated(named) : named.join(', ') + more}.`;
}

function spread(values: readonly (number | null)[], say: (value: number) => string): string {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  const [least, middle, most] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  if (least === undefined || middle === undefined || most === undefined) return 'unknown';
  return `${say(least)} to ${say(most)}, typically ${say(middle)}`;
}

function megabytesOf(value: number): string {
  return `${short(value)}\u00a0MB`;
}
