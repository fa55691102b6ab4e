/** The thread of the health prober: asks, takes the time, and says how much of it was its own or the machine's doing. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { parentPort } from 'node:worker_threads';
import { countStarvation, OWN_THREAD, starvedSoFarMs } from './schedstat.ts';

export interface ProbeTarget {
  process: string;
  url: string;
  /** As this machine sees it; null when it is not running. */
  pid: number | null;
  /** The program it runs, by which a pid of another machine is told apart. */
  entry: string;
}

export type ProberCommand = { kind: 'probe'; targets: ProbeTarget[] } | { kind: 'finish' };

export interface Probe {
  process: string;
  tookMs: number;
  healthy: boolean;
  seen: string;
  starvedMs: number | null;
  proberLateMs: number;
}

export interface ProcessSummary {
  process: string;
  probes: number;
  healthy: number;
  tookMs: { p50: number; p99: number; max: number } | null;
}

export type ProberReport =
  | ({ kind: 'probe'; agoMs: number } & Probe)
  | { kind: 'stall'; agoMs: number; durationMs: number }
  | { kind: 'summary'; processes: ProcessSummary[]; cpuMs: number };

/** As the health checks in docker-compose.yml. */
const TIMEOUT_MS = 5_000;
/** Answers that took longer are reported one by one. */
const LATE_MS = 250;

/** How often the thread looks whether it stands still itself; it has nothing else to do, so then the machine does. */
const TICK_MS = 20;
/** Less is the timer's own coarseness. */
const LATE_TICK_MS = 20;
/** Standstills at least this long are reported. */
const STALL_MS = 100;

let lastTickAt = performance.now();
let lateSoFarMs = 0;
setInterval(tick, TICK_MS);

const tallies = new Map<string, { probes: number; tookMs: number[] }>();
/** One question at a time per process: the next waits until the one before is answered or given up. */
const asked = new Map<string, Promise<void>>();
/** Pids that were found to be those of the services. */
const here = new Set<number>();
/** Ends each question that is open. */
const giveUps = new Set<() => void>();
let isOver = false;

parentPort?.on('message', (command: ProberCommand) => {
  if (command.kind === 'finish') void finish();
  else for (const target of command.targets) if (!asked.has(target.process)) asked.set(target.process, probe(target));
});

function tick(): void {
  const now = performance.now();
  const lateMs = round(now - lastTickAt - TICK_MS);
  lastTickAt = now;
  if (lateMs < LATE_TICK_MS) return;
  lateSoFarMs += lateMs;
  if (lateMs >= STALL_MS) parentPort?.postMessage({ kind: 'stall', agoMs: lateMs, durationMs: lateMs });
}

async function probe(target: ProbeTarget): Promise<void> {
  const starvation = starvationOf(target);
  const [ownBefore, lateBefore] = [starvedSoFarMs(OWN_THREAD) ?? 0, lateSoFarMs];
  const askedAt = performance.now();
  const { healthy, seen } = await ask(target.url);
  const tookMs = round(performance.now() - askedAt);
  asked.delete(target.process);
  const starved = starvation();
  const starvedMs = starved === null ? null : round(starved);
  // Whoever came first after a standstill of this thread takes it into account.
  tick();
  const ownStarvedMs = (starvedSoFarMs(OWN_THREAD) ?? 0) - ownBefore;
  const proberLateMs = round(Math.max(ownStarvedMs, lateSoFarMs - lateBefore));
  // The end of the traffic cut it short before it could be called late.
  if (!healthy && isOver && tookMs < LATE_MS) return;
  const tally = tallies.get(target.process) ?? { probes: 0, tookMs: [] };
  tallies.set(target.process, tally);
  tally.probes++;
  if (healthy) tally.tookMs.push(tookMs);
  if (healthy && tookMs <= LATE_MS) return;
  const { process } = target;
  const agoMs = performance.now() - askedAt;
  parentPort?.postMessage({ kind: 'probe', agoMs, process, tookMs, healthy, seen, starvedMs, proberLateMs });
}

/**
 * A connection of its own for each question, as a health check makes it. Over a plain socket: Node's HTTP client takes more
 * CPU, and on two cores that is the service's. Never rejects.
 */
function ask(url: string): Promise<{ healthy: boolean; seen: string }> {
  const { hostname, port, pathname } = new URL(url);
  const askedAt = performance.now();
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let answer = '';
    const over = (healthy: boolean, seen: string) => {
      clearTimeout(timer);
      giveUps.delete(giveUp);
      socket.destroy();
      resolve({ healthy, seen });
    };
    const giveUp = () => over(false, `no answer within ${Math.round(performance.now() - askedAt)} ms`);
    const timer = setTimeout(giveUp, TIMEOUT_MS);
    giveUps.add(giveUp);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => over(false, error.code ?? error.message));
    socket.on('end', () => {
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1];
      over(status === '200', status === undefined ? 'closed without an answer' : `HTTP ${status}`);
    });
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n\r\n`);
  });
}

/** Gives up what is not answered yet, which is reported first, and sums up. */
async function finish(): Promise<void> {
  isOver = true;
  for (const giveUp of giveUps) giveUp();
  await Promise.all(asked.values());
  const processes = [...tallies].map(([process, { probes, tookMs }]) => {
    const sorted = Float64Array.from(tookMs).sort();
    const at = (quantile: number) => sorted[Math.ceil(quantile * sorted.length) - 1] ?? 0;
    const quantiles = sorted.length === 0 ? null : { p50: at(0.5), p99: at(0.99), max: at(1) };
    return { process, probes, healthy: sorted.length, tookMs: quantiles };
  });
  const { user, system } = process.threadCpuUsage();
  parentPort?.postMessage({ kind: 'summary', processes, cpuMs: (user + system) / 1_000 });
}

/** Counts from now on how long there is no CPU for the process; null when this machine cannot say. */
function starvationOf({ pid, entry }: ProbeTarget): () => number | null {
  return pid === null || !isHere(pid, entry) ? () => null : countStarvation(pid);
}

/** Where the daemon runs on another kernel, its pids mean something else here, or nothing. */
function isHere(pid: number, entry: string): boolean {
  if (here.has(pid)) return true;
  try {
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(entry)) here.add(pid);
  } catch {
    // It is gone, or was never here.
  }
  return here.has(pid);
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
