import { WalproofError } from '../model/errors.ts';
import type { Fault, FaultStep } from '../model/scenario.ts';
import type { Engine } from '../model/stack.ts';
import { FAULTS } from './index.ts';
import { every, inTurn, times } from './schedule.ts';

/** Every fault that the engine can do. */
const ALL = 'all';
const ITEM = /^([a-z-]+)(?:\*(\d+))?(?:@(\d+(?:\.\d+)?)(ms|s))?$/;
const MOST_TIMES = 1_000;

/**
 * The faults of a comma-separated list. `kill` is once on each process in turn, `kill*3` three times on processes drawn
 * from the seed, `kill@2s` every two seconds, `kill*3@2s` both; `all` is each fault once; `none` is none.
 */
export function faultsNamed(list: string): FaultStep[] {
  if (list === 'none') return [];
  return list.split(',').flatMap((item) => {
    const text = item.trim();
    return text === ALL ? FAULTS.map((fault) => times(1, fault)) : [stepNamed(text)];
  });
}

function stepNamed(text: string): FaultStep {
  const [, name, count, pace, unit] = ITEM.exec(text) ?? [];
  let step = inTurn(faultNamed(name ?? text));
  if (count !== undefined) step = times(atLeastOne(Number(count), text), step);
  if (pace !== undefined) step = every(atLeastOne(Number(pace) * (unit === 's' ? 1_000 : 1), text), step);
  return step;
}

function faultNamed(name: string): Fault {
  const fault = FAULTS.find((known) => known.name === name);
  if (fault !== undefined) return fault;
  const known = FAULTS.map((each) => each.name).join(', ');
  throw new WalproofError(
    'UNKNOWN_FAULT',
    `"${name}" is not a fault`,
    `choose from: ${known}, or all, or none; kill*3 is three times, kill@2s every two seconds`,
  );
}

function atLeastOne(value: number, text: string): number {
  if (value >= 1 && (Number.isInteger(value) ? value : 1) <= MOST_TIMES * 1_000) return value;
  throw new WalproofError(
    'FAULT_SCHEDULE',
    `expected a number of times and a time of at least 1 ms, seen "${text}"`,
    'write kill*3, kill@2s or kill*3@2s',
  );
}

/**
 * The steps that the engine can do, of those the list asked for. A fault that was named and that the engine cannot do is
 * an error; one that came with `all` is left out, and `say` is told why.
 */
export async function possibleOn(
  engine: Engine,
  list: string,
  steps: readonly FaultStep[],
  say: (line: string) => void,
): Promise<FaultStep[]> {
  const named = new Set(list.split(',').map((item) => ITEM.exec(item.trim())?.[1]));
  const possible: FaultStep[] = [];
  for (const step of steps) {
    const { name } = step.fault;
    const reason = await whyNot(step.fault, engine);
    if (reason === null) possible.push(step);
    else if (named.has(name)) throw unavailable(step.fault, engine, reason);
    else say(`${name} left out: ${reason}`);
  }
  return possible;
}

async function whyNot(fault: Fault, engine: Engine): Promise<string | null> {
  return fault.cannot?.[engine.name] ?? (fault.dataLimitBytes === undefined ? null : await engine.whyNoDataLimit());
}

function unavailable(fault: Fault, engine: Engine, reason: string): WalproofError {
  const other = engine.name === 'docker' ? 'process' : 'docker';
  const next =
    fault.cannot?.[other] === undefined
      ? `use --engine ${other}, which can, or leave ${fault.name} out of --faults`
      : `leave ${fault.name} out of --faults: no engine can do it`;
  return new WalproofError('FAULT_UNAVAILABLE', `the ${engine.name} engine cannot do ${fault.name}: ${reason}`, next);
}
