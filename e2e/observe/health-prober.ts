import { Worker } from 'node:worker_threads';
import { messageOf } from '../model/errors.ts';
import type { Recorder } from '../model/scenario.ts';
import type { Stack } from '../model/stack.ts';
import type { ProberCommand, ProberReport, ProbeTarget } from './health-prober-thread.ts';
import { everyMs, type Repeated } from './repeated.ts';

/** Long enough to cost nothing, short enough that no standstill of a second falls between two probes. */
const PERIOD_MS = 250;

/**
 * Asks the health route of every process at regular times until it is stopped, from a thread of its own: the thread that
 * drives the traffic is busy, and its delays would be blamed on the service. Probes that were answered late or not well
 * become observations of their own, the others only count.
 */
export function startHealthProber(stack: Stack, recorder: Recorder, onProblem: (message: string) => void): Repeated {
  const worker = new Worker(new URL('./health-prober-thread.ts', import.meta.url));
  const startedAtMs = recorder.nowMs();
  const finished = Promise.withResolvers<void>();
  worker.on('message', (report: ProberReport) => {
    record(report, recorder, startedAtMs);
    if (report.kind === 'summary') finished.resolve();
  });
  worker.on('error', (error) => {
    onProblem(`the health prober failed: ${messageOf(error)}`);
    finished.resolve();
  });
  // However it ends, nobody waits for it any longer.
  worker.on('exit', () => finished.resolve());
  const tell = (command: ProberCommand) => worker.postMessage(command);
  const asking = everyMs(
    PERIOD_MS,
    async () => tell({ kind: 'probe', targets: await targetsOf(stack) }),
    (error) => onProblem(`a round of health probes failed: ${messageOf(error)}`),
  );
  return {
    async stop() {
      await asking.stop();
      tell({ kind: 'finish' });
      await finished.promise;
      await worker.terminate();
    },
  };
}

/** Where the processes listen and who they are just now; both change with a restart. One that is down is asked as well. */
async function targetsOf(stack: Stack): Promise<ProbeTarget[]> {
  const targets = stack.processes.map(async ({ name, healthPath, entry }) => {
    const pid = (await stack.identity(name))?.pid ?? null;
    const address = addressOf(stack, name);
    return address === null ? [] : [{ process: name, url: `${address}${healthPath}`, pid, entry }];
  });
  return (await Promise.all(targets)).flat();
}

/** Null for a process that never ran: it has no address yet. */
function addressOf(stack: Stack, name: string): string | null {
  try {
    return stack.baseUrl(name);
  } catch {
    return null;
  }
}

function record(report: ProberReport, recorder: Recorder, startedAtMs: number): void {
  if (report.kind === 'stall') {
    const { agoMs, durationMs } = report;
    recorder.observe({ kind: 'machine-stalled', atMs: Math.max(startedAtMs, recorder.nowMs() - agoMs), durationMs });
    return;
  }
  // Both threads count from moments of their own; the time since is the same for both.
  if (report.kind === 'probe') {
    const { agoMs, kind: _, ...probe } = report;
    recorder.observe({ kind: 'health-probe', atMs: Math.max(startedAtMs, recorder.nowMs() - agoMs), ...probe });
    return;
  }
  const endedAtMs = recorder.nowMs();
  for (const summary of report.processes)
    recorder.observe({ kind: 'health-summary', atMs: startedAtMs, endedAtMs, ...summary });
}
