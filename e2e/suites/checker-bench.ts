/**
 * How fast the checkers are, and how much memory they take: `node e2e/suites/checker-bench.mjs [greatest=10000000] [--json]` judges
 * runs of NanoClaw that nobody made (evidence/synthetic-run.ts), of 10 000 calls and ten times as many up to the greatest, each
 * in a process of its own. What is measured is judge(), the calls included, which are made up while they are asked for. Prints
 * seconds and CPU seconds as median (least-greatest), calls per CPU second, nanoseconds a call and their ratio to those of 100 000
 * calls, the share of the CPU time that making up alone takes, and the most memory. The 100 000 calls are judged in the same
 * process, in turn with the others: how fast a machine is changes within minutes.
 *
 * The bars are on CPU time, of all threads: on an idle machine no less than the time that passes, and on a busy one the turns of
 * others are not in it. Exits with 1 when a bar is missed, or when a judgement is wrong: the good run must pass, and one with a
 * lost message and another that is answered twice must fail by exactly these.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { judge } from '../check/index.ts';
import type { Evidence } from '../model/evidence.ts';
import { type CheckResult, mergeVerdicts } from '../model/verdict.ts';
import { syntheticRun } from './evidence/synthetic-run.ts';

/** Each size is compared with this one; below it, what each run costs once counts. */
const REFERENCE_OPS = 100_000;
const LEAST_OPS_PER_SECOND = 1e6;
const MOST_TIMES_REFERENCE = 1.2;
const MOST_MEMORY_MB = 1_000;
const SEED = 1;
/** Until the code is compiled. */
const WARM_UPS = 8;
/** Rounds of few calls are short, so more of them are needed. */
const roundsOf = (ops: number) => (ops <= REFERENCE_OPS ? 15 : ops < 10_000_000 ? 5 : 3);

const REFERENCES_A_ROUND = 3;

interface Measured {
  ops: number;
  /** Of each round, from the least to the greatest. */
  seconds: number[];
  cpuSeconds: number[];
  generatorCpuSeconds: number[];
  /** Of the reference. */
  referenceCpuSeconds: number[];
  peakMemoryMb: number;
}

interface Spread {
  median: number;
  least: number;
  greatest: number;
}

interface Row {
  ops: number;
  rounds: number;
  seconds: Spread;
  cpuSeconds: Spread;
  /** Making up all calls and reads without judging them. */
  generatorCpuSeconds: number;
  opsPerCpuSecond: number;
  nsPerOp: number;
  /** Of the CPU time that a call takes, to that of the reference. */
  timesReference: number;
  peakMemoryMb: number;
}

const args = process.argv.slice(2);
if (args[0] === '--one') console.log(JSON.stringify(measured(Number(args[1]))));
else process.exitCode = compared(Number(args.find((arg) => !arg.startsWith('-')) ?? 1e7), args.includes('--json'));

function compared(greatest: number, asJson: boolean): number {
  const sizes: number[] = [];
  for (let ops = 10_000; ops <= greatest; ops *= 10) sizes.push(ops);
  if (sizes.length === 0) throw new RangeError(`expected 10000 calls or more, seen ${greatest}`);
  const all = sizes.map(inItsOwnProcess);
  const rows = all.map(rowOf);
  const missed = rows.flatMap(barsMissed);
  if (asJson) console.log(JSON.stringify({ rows, missed }));
  else print(rows);
  for (const line of missed) console.error(line);
  return missed.length === 0 ? 0 : 1;
}

/** Peak memory is that of a process. */
function inItsOwnProcess(ops: number): Measured {
  const self = fileURLToPath(import.meta.url);
  const { status, stdout, stderr } = spawnSync(process.execPath, [self, '--one', String(ops)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`expected ${ops} calls to be judged, but: ${stderr}`);
  return JSON.parse(stdout) as Measured;
}

function measured(ops: number): Measured {
  const reference = syntheticRun({ ops: REFERENCE_OPS, seed: SEED + 1, flawed: false });
  for (let round = 0; round < WARM_UPS; round++) {
    requireGood(judge(reference));
    goThrough(reference);
  }
  const good = syntheticRun({ ops, seed: SEED, flawed: false });
  const referenceCpuSeconds: number[] = [];
  const rounds = Array.from({ length: roundsOf(ops) }, () => {
    for (let n = 0; n < REFERENCES_A_ROUND; n++) referenceCpuSeconds.push(timed(() => judge(reference)).cpuSeconds);
    const judged = timed(() => judge(good));
    requireGood(judged.result);
    return { ...judged, generator: timed(() => goThrough(good)) };
  });
  requireFlawsFound(judge(syntheticRun({ ops, seed: SEED, flawed: true })));
  const inOrder = (values: number[]) => values.sort((a, b) => a - b);
  return {
    ops,
    seconds: inOrder(rounds.map(({ seconds }) => seconds)),
    cpuSeconds: inOrder(rounds.map(({ cpuSeconds }) => cpuSeconds)),
    generatorCpuSeconds: inOrder(rounds.map(({ generator }) => generator.cpuSeconds)),
    referenceCpuSeconds: inOrder(referenceCpuSeconds),
    peakMemoryMb: process.resourceUsage().maxRSS / 1_024,
  };
}

function timed<T>(work: () => T): { result: T; seconds: number; cpuSeconds: number } {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { result, seconds: (performance.now() - startedAt) / 1e3, cpuSeconds: (user + system) / 1e6 };
}

/** All that a judgement asks for. */
function goThrough({ ops, observations }: Evidence): void {
  let seen = 0;
  for (const { key, value } of ops) seen += (key?.length ?? 0) + (value?.length ?? 0);
  for (const read of observations) {
    if (read.kind === 'final-read') for (const { key, value } of read.items) seen += key.length + value.length;
    if (read.kind === 'delivery-read') for (const { key } of read.answers) seen += key.length;
  }
  if (seen === 0) throw new Error('expected calls, seen none');
}

function requireGood(results: readonly CheckResult[]): void {
  const verdict = mergeVerdicts(results.map((result) => result.verdict));
  if (verdict !== 'pass') throw new Error(`expected the good run to pass, seen ${verdict}: ${messagesOf(results)}`);
}

function requireFlawsFound(results: readonly CheckResult[]): void {
  const figures = Object.assign({}, ...results.map((result) => result.figures)) as Record<string, number>;
  const codes = results.flatMap(({ findings }) => findings.map(({ code }) => code)).join();
  const counts = [figures['lostWrites'], figures['duplicateWrites'], figures['missed'], figures['duplicated']].join();
  if (codes !== 'lost-write,reply-duplicated' || counts !== '1,0,0,1')
    throw new Error(
      `expected one lost write and one repeated reply, seen ${codes} (${counts}): ${messagesOf(results)}`,
    );
}

function messagesOf(results: readonly CheckResult[]): string {
  return results.flatMap(({ findings }) => findings.map(({ message }) => message)).join(' ');
}

function rowOf({ ops, ...measured }: Measured): Row {
  const cpuSeconds = spreadOf(measured.cpuSeconds);
  const nsPerOp = (cpuSeconds.median * 1e9) / ops;
  const referenceNsPerOp = (spreadOf(measured.referenceCpuSeconds).median * 1e9) / REFERENCE_OPS;
  return {
    ops,
    rounds: measured.seconds.length,
    seconds: spreadOf(measured.seconds),
    cpuSeconds,
    generatorCpuSeconds: spreadOf(measured.generatorCpuSeconds).median,
    opsPerCpuSecond: Math.round(ops / cpuSeconds.median),
    nsPerOp: Math.round(nsPerOp),
    timesReference: nsPerOp / referenceNsPerOp,
    peakMemoryMb: Math.round(measured.peakMemoryMb),
  };
}

function spreadOf(sorted: readonly number[]): Spread {
  const [least = Number.NaN] = sorted;
  return { median: sorted[sorted.length >> 1] ?? least, least, greatest: sorted.at(-1) ?? least };
}

function barsMissed({ ops, opsPerCpuSecond, timesReference, peakMemoryMb }: Row): string[] {
  const lines: string[] = [];
  if (peakMemoryMb > MOST_MEMORY_MB)
    lines.push(`${ops} calls: expected at most ${MOST_MEMORY_MB} MB, seen ${peakMemoryMb} MB`);
  if (ops < REFERENCE_OPS) return lines;
  if (opsPerCpuSecond < LEAST_OPS_PER_SECOND)
    lines.push(`${ops} calls: expected at least ${LEAST_OPS_PER_SECOND} a CPU second, seen ${opsPerCpuSecond}`);
  if (timesReference > MOST_TIMES_REFERENCE)
    lines.push(
      `${ops} calls: expected at most ${MOST_TIMES_REFERENCE} times the time a call takes at ${REFERENCE_OPS}, seen ${timesReference.toFixed(2)}`,
    );
  return lines;
}

function print(rows: readonly Row[]): void {
  const spread = ({ median, least, greatest }: Spread) =>
    `${median.toFixed(3)} (${least.toFixed(3)}-${greatest.toFixed(3)})`;
  const lines = rows.map((row) => [
    String(row.ops),
    spread(row.seconds),
    spread(row.cpuSeconds),
    String(row.opsPerCpuSecond),
    String(row.nsPerOp),
    row.timesReference.toFixed(2),
    `${Math.round((100 * row.generatorCpuSeconds) / row.cpuSeconds.median)} %`,
    String(row.peakMemoryMb),
  ]);
  const head = ['calls', 'seconds', 'CPU seconds', 'calls/CPU s', 'ns/call', 'ratio', 'made up', 'peak MB'];
  const widths = head.map((title, n) => Math.max(title.length, ...lines.map((line) => line[n]?.length ?? 0)));
  for (const line of [head, ...lines]) console.log(line.map((cell, n) => cell.padStart(widths[n] ?? 0)).join('  '));
}
