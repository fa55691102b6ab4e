import type { WaitStrategy } from 'testcontainers';
import type { ProcessDefinition } from '../../model/service.ts';
import { awaitHealthy, type HealthOutcome } from '../shared/health.ts';
import type { Incarnation } from './incarnation.ts';

/**
 * How testcontainers and the engine wait for a process: its health route is polled from the host, and an exit ends the
 * wait at once. testcontainers' own HTTP wait does not notice an exit and waits out the whole timeout.
 *
 * It never rejects: testcontainers removes a container whose wait fails. `outcome` says how it went.
 */
export class HealthWait implements WaitStrategy {
  readonly outcome: Promise<HealthOutcome>;
  readonly #outcome = Promise.withResolvers<HealthOutcome>();
  readonly #definition: ProcessDefinition;
  readonly #incarnation: () => Incarnation;
  readonly #signal: AbortSignal;
  #deadlineMs: number;
  #lastAnswer = 'none';

  constructor(definition: ProcessDefinition, incarnation: () => Incarnation, deadlineMs: number, signal: AbortSignal) {
    this.#definition = definition;
    this.#incarnation = incarnation;
    this.#deadlineMs = deadlineMs;
    this.#signal = signal;
    this.outcome = this.#outcome.promise;
  }

  /** What the health route answered last. */
  get lastAnswer(): string {
    return this.#lastAnswer;
  }

  /** The container runs; resolves when it is healthy, and also when it will not be. */
  async waitUntilReady(): Promise<void> {
    const incarnation = this.#incarnation();
    await incarnation.begin();
    const outcome = await awaitHealthy({
      url: () => `${incarnation.baseUrl}${this.#definition.healthPath}`,
      // Without a port it has ended before it was looked at.
      isAlive: () => incarnation.alive && incarnation.baseUrl !== null,
      onAnswer: ({ seen }) => {
        this.#lastAnswer = seen;
      },
      nextLine: () => incarnation.nextLine,
      deadlineMs: this.#deadlineMs,
      signal: this.#signal,
    });
    this.#outcome.resolve(outcome);
  }

  withStartupTimeout(timeoutMs: number): this {
    this.#deadlineMs = timeoutMs;
    return this;
  }

  isStartupTimeoutSet(): boolean {
    return true;
  }

  getStartupTimeout(): number {
    return this.#deadlineMs;
  }
}
