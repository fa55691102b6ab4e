import { once } from 'node:events';
import { dockerAvailability } from '../engine/docker/availability.ts';
import { createDockerEngine } from '../engine/docker/engine.ts';
import { createProcessEngine } from '../engine/process/engine.ts';
import { EngineLab } from '../lab.ts';
import { EXIT, messageOf, WalproofError } from '../model/errors.ts';
import type { Repro } from '../model/repro.ts';
import type { Engine, EngineName } from '../model/stack.ts';
import { type Progress, stderrProgress } from '../progress.ts';
import { timeSpentText } from '../report/time-spent.ts';
import { exitCodeOf } from '../repro/harness/judge.ts';
import type { OwnedLab, PlayOptions, ReproResult } from '../repro/harness/play.ts';
import { playTimes, type RepeatedResult } from '../repro/harness/times.ts';
import { REPROS } from '../repro/index.ts';
import { SERVICES } from '../services/index.ts';
import { emptyFolder } from './out-folder.ts';
import { done, type Outcome } from './outcome.ts';
import { recordRepros } from './record-repros.ts';

/** The engine that plays a repro: the one asked for, else its fastest. */
function engineNameFor({ name, engines }: Repro, wish: EngineName | undefined): EngineName {
  const wanted = wish ?? engines[0];
  if (wanted !== undefined && engines.includes(wanted)) return wanted;
  throw new WalproofError(
    'ENGINE_UNAVAILABLE',
    `${name} cannot be played on the ${wanted} engine`,
    `use --engine ${engines.join(' or ')}`,
  );
}

/** That engine, ready, with what an earlier run left removed. `who` needs it, and is named when there is none. */
async function readyEngine(name: EngineName, who: string, progress: Progress): Promise<Engine> {
  const say = (line: string) => progress.line(line);
  const engine = name === 'process' ? createProcessEngine() : createDockerEngine();
  if (name === 'docker') {
    const found = await dockerAvailability();
    if (!found.ok)
      throw new WalproofError('ENGINE_UNAVAILABLE', `${who}: needs the docker engine: ${found.reason}`, found.next);
    await engine.prepare(
      SERVICES.map(({ definition }) => definition),
      say,
    );
  }
  for (const line of await engine.removeLeftovers()) say(`left by an earlier run: ${line}`);
  return engine;
}

/** `times` is how often each is played; the first time that it does not hold is its last. */
export interface PlayWish {
  engine: EngineName | undefined;
  times: number;
}

export async function playOne(
  chosen: Repro,
  { engine: wish, times }: PlayWish,
  { keep, out }: { keep: boolean; out: string | undefined },
  signal: AbortSignal,
): Promise<Outcome> {
  const saveTo = out === undefined ? {} : { saveTo: await emptyFolder(out) };
  const progress = stderrProgress();
  const engine = await readyEngine(engineNameFor(chosen, wish), chosen.name, progress);
  const options = { ...playOptions(engine, progress, signal), ...saveTo };
  const keeping = { ...options, keep: (lab: OwnedLab, seen: ReproResult) => keepUp(lab, seen, progress, signal) };
  const result = await playTimes(chosen, times, keep ? keeping : options);
  const often = times === 1 ? '' : `${heldOf(result.attempts, times)}\n`;
  const where = out === undefined ? '' : `what it left without the fix: ${out}; walproof import ${out} reads it\n`;
  return done(exitCodeOf(result.outcome), `${textOf(result)}${often}${where}`, result);
}

function playOptions(engine: Engine, progress: Progress, signal: AbortSignal): PlayOptions {
  return { openLab: (clock) => new EngineLab(engine, undefined, clock), signal, say: (line) => progress.line(line) };
}

/** Leaves everything up until Ctrl-C: without this process, pipes and containers' input would end, and so would they. */
async function keepUp(lab: OwnedLab, result: ReproResult, progress: Progress, signal: AbortSignal): Promise<void> {
  process.stderr.write(`\n${textOf(result)}\n`);
  for (const line of ['kept as it is without the fix, until Ctrl-C:', ...lab.howToLook()]) progress.line(line);
  const alive = setInterval(() => undefined, 2 ** 30);
  try {
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    clearInterval(alive);
  }
}

function heldOf(attempts: RepeatedResult['attempts'], times: number): string {
  const seconds = attempts.map((attempt) => attempt.seconds);
  const held = attempts.filter(({ outcome }) => outcome === 'held').length;
  return `${held} of ${times} in a row, ${Math.min(...seconds)} to ${Math.max(...seconds)} s each`;
}

function textOf({
  name,
  engine,
  without,
  with: fixed,
  reproduced,
  fixed: holds,
  reason,
  seconds,
  timeline,
}: ReproResult): string {
  const found = (side: ReproResult['without']) => side.findings.map(({ code, message }) => `  ${code}: ${message}`);
  return [
    `${name} on the ${engine} engine, ${seconds} s`,
    `without the fix: ${without.verdict}`,
    ...found(without),
    `with the fix: ${fixed.verdict}`,
    ...found(fixed),
    ...(timeline.length === 0 ? [] : [`time: ${timeSpentText(timeline)}, the rest the scene itself`]),
    reason === null
      ? 'reproduced, and gone with the fix'
      : `${reproduced ? '' : 'not '}reproduced, ${holds ? '' : 'not '}fixed: ${reason}`,
    '',
  ].join('\n');
}

interface NotRun {
  name: string;
  needs: readonly EngineName[];
  reason: string;
}

export async function playAll(
  { engine: wish, times }: PlayWish,
  record: boolean,
  signal: AbortSignal,
): Promise<Outcome> {
  const progress = stderrProgress();
  const startedAt = performance.now();
  const playable = REPROS.filter(({ engines }) => wish === undefined || engines.includes(wish));
  const notRun = REPROS.filter((each) => !playable.includes(each)).map(
    ({ name, engines }): NotRun => ({ name, needs: engines, reason: `cannot be played on the ${wish} engine` }),
  );
  const engines = await enginesFor(playable, wish, progress);
  const results: (RepeatedResult | { name: string; outcome: 'error'; reason: string })[] = [];
  for (const each of playable) {
    const engine = engines.get(engineNameFor(each, wish));
    if (engine === undefined) continue;
    try {
      results.push(await playTimes(each, times, playOptions(engine, progress, signal)));
    } catch (error) {
      signal.throwIfAborted();
      results.push({ name: each.name, outcome: 'error', reason: messageOf(error) });
    }
  }
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
  if (record) await recordRepros(results.filter((result) => result.outcome !== 'error'));
  const exits = results.map((result) => (result.outcome === 'error' ? EXIT.internal : exitCodeOf(result.outcome)));
  const lines = results.map((result) => {
    const { name, outcome, reason } = result;
    const often = 'attempts' in result && times > 1 ? `, ${heldOf(result.attempts, times)}` : '';
    return `${outcome.padEnd(14)} ${name}${often}${reason === null ? '' : `: ${reason}`}`;
  });
  lines.push(...notRun.map(({ name, reason }) => `${'not run'.padEnd(14)} ${name}: ${reason}`));
  lines.push(
    `${results.filter(({ outcome }) => outcome === 'held').length} of ${REPROS.length} reproduced and fixed, ${seconds} s`,
  );
  return done(Math.max(EXIT.pass, ...exits), `${lines.join('\n')}\n`, { repros: results, notRun, seconds });
}

/** Each engine that is needed, ready. A missing one names the repros that need it. */
async function enginesFor(
  playable: readonly Repro[],
  wish: EngineName | undefined,
  progress: Progress,
): Promise<Map<EngineName, Engine>> {
  const needing = Map.groupBy(playable, (each) => engineNameFor(each, wish));
  const made = new Map<EngineName, Engine>();
  for (const [engine, repros] of needing) {
    const who = repros.map(({ name }) => name).join(', ');
    made.set(engine, await readyEngine(engine, who, progress));
  }
  return made;
}
