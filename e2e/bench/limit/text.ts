/** A limit in words. Pure. */
import type { Limit, LimitCpu } from '../document.ts';
import type { Spread } from '../spread.ts';

export function limitText({
  service,
  bare,
  processes,
  served,
  ratio,
  commitRatio,
  commitsPerWrite,
  cpu,
  split,
}: Limit): string {
  const rates = [
    `${whole(served.writesPerSecond)} writes/s acknowledged to ${served.clients} clients`,
    `${whole(bare.writesPerSecond)} in one bare process`,
    `${whole(processes.writesPerSecond)} in ${processes.count} on one file`,
  ];
  const ratios = [
    `acknowledged writes / limit ${fine(ratio)}`,
    `commits / limit ${fine(commitRatio)}`,
    `commits per acknowledged write ${fine(commitsPerWrite)}`,
  ];
  return [
    `${service}, limit: ${rates.join(' · ')}`,
    `  ${ratios.join(' · ')}`,
    `  ${cpuWords(cpu)}`,
    ...splitLine(split),
  ].join('\n');
}

function cpuWords({ bareMs, facesMs, databasesMs, trafficMs }: LimitCpu): string {
  const parts = { 'HTTP and loops': facesMs, databases: databasesMs, traffic: trafficMs, bare: bareMs };
  return `CPU ms a write: ${Object.entries(parts)
    .map(([name, ms]) => `${name} ${ms.toFixed(3)}`)
    .join(' · ')}`;
}

function splitLine(split: Limit['split']): string[] {
  if (split === null) return [];
  const { latencyMs, httpMs, jsonMs, filesMs, lockWaitMs, commitMs, statementsMs, otherMs } = split;
  const shares = {
    HTTP: httpMs,
    JSON: jsonMs,
    file: filesMs,
    'lock wait': lockWaitMs,
    commit: commitMs,
    statements: statementsMs,
  };
  const named = Object.entries(shares).map(([name, ms]) => `${name} ${ms.toFixed(3)}`);
  return [
    `  ${latencyMs.toFixed(3)} ms a write: ${named.join(' · ')} · hop, queues and other work ${otherMs.toFixed(3)}`,
  ];
}

const whole = (spread: Spread | null) => inWords(spread, (value) => `${Math.round(value)}`);
const fine = (spread: Spread | null) => inWords(spread, (value) => value.toFixed(2));

function inWords(spread: Spread | null, text: (value: number) => string): string {
  return spread === null ? 'unknown' : `${text(spread.median)} (${text(spread.min)}–${text(spread.max)})`;
}
