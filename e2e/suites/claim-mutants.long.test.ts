/**
 * Claim:  a part of the patch that is taken away is noticed, by name and within seconds; the service as it is is not accused.
 * Method: `walproof mutants` on one mutant of each service, with its exit code and document, on the process engine: one that
 *         only behaviour shows, one in a workspace that both services share, and one that nothing can show.
 * Red as: a survivor, another finding, a baseline that does not pass, anything left behind. Not claimed: the whole matrix,
 *         which takes minutes and is `npx walproof mutants`.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { MutationDocument } from '../report/mutant-matrix.ts';

const CLI = fileURLToPath(new URL('../cli.ts', import.meta.url));
const DEADLINE_MS = 120_000;

async function mutants(...args: string[]): Promise<{ exitCode: number; document: MutationDocument }> {
  const ended = Promise.withResolvers<{ exitCode: number; document: MutationDocument }>();
  const all = [CLI, 'mutants', '--engine', 'process', '--seed', '4', '--json', ...args];
  execFile(process.execPath, all, { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
    try {
      ended.resolve({ exitCode: Number(error?.code ?? 0), document: JSON.parse(stdout) as MutationDocument });
    } catch {
      ended.reject(new Error(`no document on stdout; stderr:\n${stderr}`));
    }
  });
  return ended.promise;
}

const rowsOf = (document: MutationDocument) =>
  document.mutants.map(({ name, status, check, finding }) => [name, status, check, finding]);

test(
  'nanoclaw: transactions that begin deferred are refused, and the dropped pragma of a default is equivalent',
  async () => {
    const { exitCode, document } = await mutants(
      'nanoclaw',
      '--only',
      'deferred-transactions',
      '--only',
      'drop-foreign-keys',
    );
    expect(rowsOf(document)).toEqual([
      ['nanoclaw/drop-foreign-keys', 'equivalent', null, null],
      ['nanoclaw/deferred-transactions', 'killed', 'no-busy', 'busy'],
    ]);
    expect(document.mutants[0]?.proof?.attested).toEqual([expect.objectContaining({ foreignKeys: true })]);
    expect(document.baseline.map(({ verdict }) => verdict)).toEqual(['pass']);
    expect(document).toMatchObject({ verdict: 'pass', totals: { killed: 1, survived: 0, equivalent: 1, score: 100 } });
    expect(exitCode).toBe(0);
  },
  DEADLINE_MS,
);

test(
  'oracle-v2: a service that ends without closing leaves its sidecars',
  async () => {
    const { exitCode, document } = await mutants('oracle-v2', '--only', 'no-close-on-sigterm');
    expect(rowsOf(document)).toEqual([['oracle-v2/no-close-on-sigterm', 'killed', 'sidecars', 'sidecar-unexpected']]);
    expect(exitCode).toBe(0);
  },
  DEADLINE_MS,
);
