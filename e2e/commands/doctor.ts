import Table from 'cli-table3';
import { EXIT } from '../model/errors.ts';
import { MACHINE_CHECKS, type MachineCheck } from './machine-checks.ts';
import { done, type Outcome } from './outcome.ts';

/**
 * `walproof doctor`: every condition with its state and the next step. Exit 0 when at least one engine can serve, 69 when
 * none can. JSON: `{ checks: [{ name, ok, detail, next }] }`; `next` is null when nothing is to be done.
 */
export async function doctor(): Promise<Outcome> {
  const checks: MachineCheck[] = await Promise.all(MACHINE_CHECKS.map((check) => check()));
  const table = new Table({
    head: ['check', '', 'seen', 'next step'],
    style: { head: [], border: [] },
    wordWrap: true,
    colWidths: [14, 5, 50, 50],
  });
  for (const { name, ok, detail, next } of checks) table.push([name, ok ? 'ok' : 'no', detail, next ?? '']);
  const ok = (name: string) => checks.find((check) => check.name === name)?.ok ?? false;
  const usable = ok('node') && ok('disk') && ok('system');
  const engine = ok('daemon') && ok('image') ? 'docker' : 'process';
  const text = usable
    ? `This machine can run walproof; verify would use the ${engine} engine.`
    : 'This machine cannot run walproof yet.';
  return done(usable ? EXIT.pass : EXIT.unavailable, `${table.toString()}\n${text}\n`, { checks });
}
