import { messageOf, WalproofError } from '../model/errors.ts';
import type { Stack } from '../model/stack.ts';

/** The database as a program beside the services is to find it. */
export function databaseArgument(stack: Stack): string {
  return `{data}/${stack.service.database}`;
}

/** What a program beside the services says in one JSON document. Throws PROBE_FAILED when it does not. */
export async function askBeside<T>(stack: Stack, program: URL, args: readonly string[], timeoutMs: number): Promise<T> {
  const { exitCode, stdout, stderr } = await stack.runBeside(program, args, { timeoutMs });
  try {
    if (exitCode === 0) return JSON.parse(stdout) as T;
  } catch (error) {
    throw failed(program, `no JSON document (${messageOf(error)})`, stdout);
  }
  throw failed(program, `exit code ${exitCode}`, stderr);
}

function failed(program: URL, seen: string, output: string): WalproofError {
  const name = program.pathname.split('/').at(-1);
  return new WalproofError(
    'PROBE_FAILED',
    `expected a JSON document and exit code 0 from ${name} beside the services, seen ${seen}`,
    'the lines below are what it wrote',
    { details: output.trim().split('\n').slice(-20) },
  );
}
