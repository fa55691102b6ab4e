import { setTimeout as delay } from 'node:timers/promises';
import type { Now } from '../dashboard/state.ts';
import { requireCompose } from '../engine/docker/availability.ts';
import { baseImageTag, ensureBaseImage } from '../engine/docker/base-image.ts';
import { docker } from '../engine/docker/client.ts';
import { messageOf } from '../model/errors.ts';
import { type Progress, stderrProgress } from '../progress.ts';
import { compose, composeConfig } from './live/compose.ts';
import { ComposeHands } from './live/compose-hands.ts';
import { ControlServer } from './live/control-server.ts';
import { Ledger } from './live/ledger.ts';
import { TotalsLine } from './live/totals-line.ts';
import { NOT_JUDGED, verdictSoFar, verdictText } from './live/verdict.ts';
import { done, exitOf, type Outcome } from './outcome.ts';

const PAGE_PORT = 47_780;
const LOOK_EVERY_MS = 500;
const LOOK_TIMEOUT_MS = 2_000;

export interface UpOptions {
  seed?: number;
  rate?: number;
}

/**
 * `walproof up`: the compose stack with its traffic and the live page, whose buttons act through this process, until Ctrl-C;
 * then all of it is removed, and what was seen is judged.
 */
export async function up(options: UpOptions, signal: AbortSignal): Promise<Outcome> {
  await requireCompose();
  const progress = stderrProgress();
  try {
    const env: NodeJS.ProcessEnv = {
      ...(options.seed === undefined ? {} : { TRAFFIC_SEED: String(options.seed) }),
      ...(options.rate === undefined ? {} : { TRAFFIC_RATE: String(options.rate) }),
    };
    const { name, services } = await composeConfig(env);
    const published = services['observer']?.ports?.find(({ target }) => target === PAGE_PORT)?.published ?? PAGE_PORT;
    const page = `http://127.0.0.1:${published}`;
    const ledger = new Ledger();
    await using control = controlOf(new ComposeHands(name, env), page, ledger);
    await control.listen();
    env['OBSERVER_CONTROL_PORT'] = String(control.port);
    await ensureBaseImage(baseImageTag(), (line) => progress.line(line), signal);
    const hadVolumes = await hasVolumes(name);
    await using _stack = { [Symbol.asyncDispose]: () => remove(env, hadVolumes, progress) };
    progress.line('docker compose --profile traffic up');
    await compose(['up', '--detach', '--wait', '--build'], { env, signal, onLine: (line) => progress.line(line) });
    process.stderr.write(`\nlive page:  ${page}/#token=${control.token}\nCtrl-C ends it.\n\n`);
    await watch(page, ledger, signal);
    const live = verdictSoFar(ledger.totals);
    const document = { ...live, totals: ledger.totals, notJudged: NOT_JUDGED };
    return done(exitOf(live.verdict), verdictText(live, ledger.totals), document);
  } finally {
    progress.end();
  }
}

/** What is done by hand is not held against the services. */
function controlOf(hands: ComposeHands, page: string, ledger: Ledger): ControlServer {
  return new ControlServer(hands, page, {
    async onBegin({ name, service, restarts }) {
      // Asked here, not read off the observer: the page may show an end and have it mended between two looks at it.
      ledger.asked(restarts, await hands.down(restarts));
      if (name === 'variant' && service !== null) ledger.setAside(service);
    },
    onEnd({ wish, service }) {
      if (wish === 'variant' && service !== null && hands.variants[service] === 'patched') ledger.judgeAgain(service);
    },
  });
}

/** Adds up what the observer tells until the signal. An observer that does not answer is said, and asked again. */
async function watch(page: string, ledger: Ledger, signal: AbortSignal): Promise<void> {
  const line = new TotalsLine();
  while (!signal.aborted) {
    const problem = await look(page, ledger).catch((error: unknown) => messageOf(error));
    line.show(ledger.totals, problem);
    await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  line.end();
}

async function look(page: string, ledger: Ledger): Promise<string | null> {
  const response = await fetch(`${page}/now`, { signal: AbortSignal.timeout(LOOK_TIMEOUT_MS) });
  if (!response.ok) return `the observer answers HTTP ${response.status}`;
  ledger.take((await response.json()) as Now);
  return null;
}

async function hasVolumes(project: string): Promise<boolean> {
  const filters = { label: [`com.docker.compose.project=${project}`] };
  const { Volumes } = await docker().listVolumes({ filters });
  return (Volumes ?? []).length > 0;
}

/** Data that was there before stays: somebody may have put it there with docker compose. */
async function remove(env: NodeJS.ProcessEnv, hadVolumes: boolean, progress: Progress): Promise<void> {
  progress.line(hadVolumes ? 'removing the stack; its volumes were there before and stay' : 'removing the stack');
  await compose(['down', '--remove-orphans', '--timeout', '10', ...(hadVolumes ? [] : ['--volumes'])], { env });
}
