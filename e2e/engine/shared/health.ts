import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../model/errors.ts';

/** Pause between two health polls, unless the process writes something meanwhile: most say when they are ready. */
const POLL_MS = 50;
/** Pause between two health polls, however much it writes. */
const LEAST_PAUSE_MS = 5;
/** How long one poll may take. A frozen process accepts the connection and never answers. */
const ANSWER_MS = 1_000;
/** How much of an answer is worth showing. */
const SHOWN_CHARACTERS = 200;

export interface HealthAnswer {
  healthy: boolean;
  /** What came back, fit for an error message: `HTTP 503 {"status":…}`, `ECONNREFUSED`, `no answer within 1000 ms`. */
  seen: string;
}

/**
 * Asks once. Never rejects. A connection of its own for each poll: a pooled one may belong to the process before this one.
 */
export function askHealth(url: string, timeoutMs: number = ANSWER_MS, signal?: AbortSignal): Promise<HealthAnswer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const either = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
  return new Promise((resolve) => {
    const lost = (error: Error) => {
      const code = (error as NodeJS.ErrnoException).code;
      const seen = timeout.aborted ? `no answer within ${timeoutMs} ms` : (code ?? messageOf(error));
      resolve({ healthy: false, seen });
    };
    const request = get(url, { agent: false, signal: either }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        if (body.length < SHOWN_CHARACTERS) body += chunk;
      });
      response.on('error', lost);
      response.on('end', () => {
        const seen = `HTTP ${response.statusCode} ${body.slice(0, SHOWN_CHARACTERS)}`.trimEnd();
        resolve({ healthy: response.statusCode === 200, seen });
      });
    });
    request.on('error', lost);
  });
}

export type HealthOutcome = 'healthy' | 'exited' | 'deadline' | 'aborted';

export interface AwaitHealthyOptions {
  /** Asked before each poll, since a port can change. */
  url: () => string | Promise<string>;
  /** False as soon as the process has ended: no poll can succeed any more. */
  isAlive: () => boolean;
  /** Called with every answer; the last one belongs into the error. */
  onAnswer: (answer: HealthAnswer) => void;
  /** Resolves with the next line that the process writes. */
  nextLine: () => Promise<void>;
  deadlineMs: number;
  signal: AbortSignal;
}

/** Polls until the process answers 200, ends, or the deadline passes, whichever is first. */
export async function awaitHealthy(options: AwaitHealthyOptions): Promise<HealthOutcome> {
  const deadline = performance.now() + options.deadlineMs;
  for (;;) {
    if (options.signal.aborted) return 'aborted';
    if (!options.isAlive()) return 'exited';
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) return 'deadline';
    // From here on, so that a line written while it is asked counts.
    const written = options.nextLine();
    const timeoutMs = Math.max(1, Math.min(ANSWER_MS, Math.ceil(leftMs)));
    const answer = await askHealth(await options.url(), timeoutMs, options.signal);
    // A poll that the deadline cut short says nothing; the answer before it does.
    const cutShort = timeoutMs < ANSWER_MS && performance.now() >= deadline;
    if (!options.signal.aborted && !cutShort) options.onAnswer(answer);
    // A stranger may answer on the port of a process that could not bind it.
    if (answer.healthy && options.isAlive()) return 'healthy';
    await Promise.all([delay(LEAST_PAUSE_MS), Promise.race([delay(POLL_MS), written])]);
  }
}
