import { setTimeout as delay } from 'node:timers/promises';
import type { Stack } from '../../model/stack.ts';

/** After a refusal; a loop without it would only spin while a process is down. */
const REFUSED_MS = 20;
const ANSWER_MS = 20_000;

/** Posts items to every process of the tiny service, whatever happens to it, until stopped. */
export class Hammer implements AsyncDisposable {
  /** Values that got 201. */
  readonly acknowledged: string[] = [];
  readonly #stack: Stack;
  readonly #ending = new AbortController();
  readonly #done: Promise<unknown>;

  constructor(stack: Stack) {
    this.#stack = stack;
    this.#done = Promise.all(stack.processes.map(({ name }) => this.#loop(name)));
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#done;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #loop(process: string): Promise<void> {
    for (let n = 1; !this.#ending.signal.aborted; n++) {
      const value = `${process}-${n}`;
      if (await this.#post(process, value)) this.acknowledged.push(value);
      else await delay(REFUSED_MS);
    }
  }

  async #post(process: string, value: string): Promise<boolean> {
    try {
      const url = `${this.#stack.baseUrl(process)}/items?value=${value}`;
      const response = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(ANSWER_MS) });
      await response.text();
      return response.status === 201;
    } catch {
      return false;
    }
  }
}
