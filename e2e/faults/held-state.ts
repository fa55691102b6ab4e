import { basename, dirname } from 'node:path/posix';
import type { Stack } from '../model/stack.ts';
import { askBeside, databaseArgument } from './beside.ts';
import { until } from './wait.ts';

const TIMEOUT_MS = 45_000;

/**
 * A state that a program beside the services brings about and keeps until it is told to end: `program hold <database>`
 * makes a file `walproof-held` beside the database when the state is reached, `program release <database>` another one at
 * which it ends, and `program clean <database>` removes both. A program beside cannot be talked to while it runs.
 */
export class HeldState<T> implements AsyncDisposable {
  readonly #stack: Stack;
  readonly #program: URL;
  readonly #answer: Promise<T>;
  #ended = false;

  static async begin<T>(stack: Stack, program: URL): Promise<HeldState<T>> {
    await askBeside(stack, program, ['clean', databaseArgument(stack)], TIMEOUT_MS);
    return new HeldState<T>(stack, program);
  }

  private constructor(stack: Stack, program: URL) {
    this.#stack = stack;
    this.#program = program;
    this.#answer = askBeside<T>(stack, program, ['hold', databaseArgument(stack)], TIMEOUT_MS).finally(() => {
      this.#ended = true;
    });
    // Whoever asks for the answer gets the error.
    this.#answer.catch(() => undefined);
  }

  /** False when the program ended without having reached the state; its answer says why. */
  async reached(): Promise<boolean> {
    const folder = dirname(this.#stack.service.database);
    const isHeld = async () =>
      (await this.#stack.files()).some(({ path }) => basename(path) === 'walproof-held' && dirname(path) === folder);
    let held = false;
    await until(async () => {
      held = await isHeld();
      return held || this.#ended;
    }, TIMEOUT_MS);
    return held;
  }

  /** Ends the state; what the program has to say of it. */
  async release(): Promise<T> {
    if (!this.#ended)
      await askBeside(this.#stack, this.#program, ['release', databaseArgument(this.#stack)], TIMEOUT_MS);
    return await this.#answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release().catch(() => undefined);
    await askBeside(this.#stack, this.#program, ['clean', databaseArgument(this.#stack)], TIMEOUT_MS);
  }
}
