/** A comparison as rows of text, for a terminal and for a page alike. */
import { basename } from 'node:path';
import type { ComparedService, ComparedSide, ComparisonDocument } from './compare.ts';
import { oneLine } from './plain-text.ts';

const NAME_CHARS = 60;

export interface Row {
  name: string;
  /** One for each run. */
  cells: string[];
  /** Worth a reader's eye: a check that did not stay the same. */
  changed: boolean;
}

/** What each run was. */
export function runRows({ runs }: ComparisonDocument): Row[] {
  const row = (name: string, cells: string[]): Row => ({ name, cells, changed: false });
  return [
    row(
      'bundle',
      runs.map(({ bundle }) => oneLine(basename(bundle), NAME_CHARS)),
    ),
    row(
      'started',
      runs.map(({ startedAt }) => oneLine(startedAt ?? 'unknown', NAME_CHARS)),
    ),
    row(
      'walproof',
      runs.map(({ version }) => oneLine(version, NAME_CHARS)),
    ),
    row(
      'engine',
      runs.map(({ engine }) => engine),
    ),
    row(
      'seed',
      runs.map(({ seed }) => `${seed}`),
    ),
    row(
      'took',
      runs.map(({ durationMs }) => `${(durationMs / 1_000).toFixed(1)} s`),
    ),
    {
      ...row(
        'verdict',
        runs.map(({ verdict }) => verdict),
      ),
      changed: new Set(runs.map(({ verdict }) => verdict)).size > 1,
    },
  ];
}

/** One service: its figures, each with what became of it since the first run, then its checks. */
export function serviceRows({ sides, checks }: ComparedService): Row[] {
  const figures: [string, (side: ComparedSide) => string][] = [
    ['db module', ({ variant }) => oneLine(variant, NAME_CHARS)],
    ['faults', ({ faults }) => `${faults.tookEffect} of ${faults.done} took effect`],
    ['control', ({ controlBusy }) => (controlBusy === null ? 'none ran' : `${controlBusy} locks refused`)],
  ];
  const measured: [string, string, (side: ComparedSide) => number | null][] = [
    ['ok ops', '/s', ({ opsPerSecond }) => opsPerSecond],
    ['undisturbed', '/s', ({ undisturbedOpsPerSecond }) => undisturbedOpsPerSecond],
    ['p50', ' ms', ({ latencyMs }) => latencyMs?.p50 ?? null],
    ['p99', ' ms', ({ latencyMs }) => latencyMs?.p99 ?? null],
    ['max', ' ms', ({ latencyMs }) => latencyMs?.max ?? null],
  ];
  return [
    ...figures.map(([name, say]) => ({
      name,
      cells: sides.map((side) => (side === null ? '' : say(side))),
      changed: false,
    })),
    ...measured.map(([name, unit, of]) => ({
      name,
      cells: changes(
        sides.map((side) => side && of(side)),
        unit,
      ),
      changed: false,
    })),
    ...checks.map(({ check, results, changed }) => ({
      name: oneLine(check, NAME_CHARS),
      cells: results.map((result) => (result === null ? 'not checked' : [result.verdict, ...result.codes].join(' '))),
      changed,
    })),
  ];
}

/** `812/s (-9 %)`: by how much a figure differs from the first run that has it. */
function changes(values: readonly (number | null)[], unit: string): string[] {
  const first = values.find((value) => value !== null);
  const firstAt = values.findIndex((value) => value !== null);
  return values.map((value, n) => {
    if (value === null) return 'none';
    if (n === firstAt || first === undefined || first === null || first === 0) return `${value}${unit}`;
    const percent = Math.round((value / first - 1) * 100);
    return `${value}${unit} (${percent > 0 ? '+' : ''}${percent} %)`;
  });
}
