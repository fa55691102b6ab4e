import Table from 'cli-table3';
import { EXIT, WalproofError } from '../model/errors.ts';
import type { Repro } from '../model/repro.ts';
import type { EngineName } from '../model/stack.ts';
import { explain } from '../repro/harness/explain.ts';
import { nearest } from '../repro/harness/nearest.ts';
import { candidatesFor, questionFor } from '../repro/harness/symptom.ts';
import { REPROS } from '../repro/index.ts';
import { done, type Outcome } from './outcome.ts';
import { playAll, playOne } from './repro-play.ts';

export interface ReproOptions {
  all?: boolean;
  symptom?: string;
  explain?: boolean;
  engine?: string;
  keep?: boolean;
  record?: boolean;
  out?: string;
  times?: number;
}

const SHOWN_CANDIDATES = 8;

/** `walproof repro list`, `repro <name>`, `repro --symptom <text>`, `repro --all`. */
export async function repro(name: string | undefined, options: ReproOptions, signal: AbortSignal): Promise<Outcome> {
  if (options.symptom !== undefined) return bySymptom(options.symptom);
  if (name === 'list') return list();
  const wish = { engine: engineWish(options.engine), times: options.times ?? 1 };
  if (options.all === true) {
    const alone = name === undefined && options.keep !== true && options.out === undefined;
    if (alone) return await playAll(wish, options.record === true, signal);
    throw new WalproofError('USAGE', '--all goes with no name and not with --keep or --out', 'name one repro');
  }
  if (name === undefined) {
    throw new WalproofError(
      'USAGE',
      'expected the name of a repro, list, --all or --symptom',
      'walproof repro list shows them',
    );
  }
  const chosen = reproNamed(name);
  if (options.explain === true) return done(EXIT.pass, explain(chosen), explained(chosen));
  const alone = options.keep === true ? '--keep' : options.out === undefined ? null : '--out';
  if (alone !== null && wish.times > 1)
    throw new WalproofError('USAGE', `${alone} goes with one time only`, 'leave --times out');
  return await playOne(chosen, wish, { keep: options.keep === true, out: options.out }, signal);
}

function reproNamed(name: string): Repro {
  const found = REPROS.find((each) => each.name === name);
  if (found !== undefined) return found;
  const near = nearest(
    name,
    REPROS.map((each) => each.name),
  );
  throw new WalproofError(
    'UNKNOWN_REPRO',
    `"${name}" is not a repro`,
    `did you mean: ${near.join(', ')}? walproof repro list shows all`,
  );
}

function engineWish(wish: string | undefined): EngineName | undefined {
  if (wish === undefined || wish === 'docker' || wish === 'process') return wish;
  throw new WalproofError('UNKNOWN_ENGINE', `"${wish}" is not an engine`, 'choose docker or process');
}

function listed({ name, title, operatorSees, codes, engines, seedPatch, sources, expect, seconds, playedBy }: Repro) {
  return { name, title, operatorSees, codes, engines, seedPatch, sources, expect, seconds, playedBy };
}

function explained(repro: Repro) {
  const { elapsed, refusals, mechanism, seedPatchBecause, fix, cast, whyProcesses = null, truth = null } = repro;
  return { ...listed(repro), elapsed, refusals, mechanism, seedPatchBecause, fix, cast, whyProcesses, truth };
}

function list(): Outcome {
  const table = new Table({
    head: ['name', 'the operator sees', 'played by', 'engines', 'seed patch', 'seconds'],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [30, 52, 12, 10, 12, 9],
  });
  for (const { name, operatorSees, playedBy, engines, seedPatch, seconds } of REPROS) {
    table.push([name, operatorSees, playedBy, engines.join(' '), seedPatch, seconds]);
  }
  return done(EXIT.pass, `${table.toString()}\n`, { repros: REPROS.map(listed) });
}

function bySymptom(text: string): Outcome {
  const candidates = candidatesFor(text, REPROS).slice(0, SHOWN_CANDIDATES);
  if (candidates.length === 0) {
    throw new WalproofError(
      'UNKNOWN_SYMPTOM',
      `no repro knows this text: "${text.slice(0, 200)}"`,
      "paste the line that holds SQLite's code or message, or what the user noticed; walproof repro list shows all symptoms",
    );
  }
  const question = questionFor(text, candidates);
  const lines = candidates.map(({ repro: { name, title, elapsed }, because }, n) => {
    return `${n + 1}. ${name}: ${title}\n   ${because.join(' · ')}; refused: ${elapsed}`;
  });
  const next = `walproof repro ${candidates[0]?.repro.name} shows it; with --explain why, and the fix`;
  return done(EXIT.pass, `${[...lines, ...(question === null ? [] : [question]), next].join('\n')}\n`, {
    candidates: candidates.map(({ repro: each, score, because }) => ({
      ...listed(each),
      elapsed: each.elapsed,
      score,
      because,
    })),
    question,
  });
}
