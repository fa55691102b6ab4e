import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WalproofError } from '../../model/errors.ts';
import type { ServiceDefinition } from '../../model/service.ts';
import { requireDbModule } from '../shared/db-module.ts';
import { newRunId } from '../shared/run-id.ts';
import { baseEnvironment, createFolder, installApp, linkPackages } from './folder.ts';

const IMPORT_DEADLINE_MS = 15_000;
const SHOWN_LINES = 20;

/**
 * Imports a db module once, in the module's place in a copy of the service and in a process of its own, and checks its
 * exports. Throws DB_MODULE_MISSING when there is no such file, DB_MODULE_BROKEN when it does not compile, throws while
 * it is imported, or lacks an export. What it does when it is used is for the run to find out.
 */
export async function checkDbModule(service: ServiceDefinition, file: string): Promise<void> {
  await requireDbModule(file);
  const folder = createFolder(tmpdir(), newRunId(), `${service.name}-check`);
  try {
    await linkPackages(folder);
    await installApp(folder, { service, dbModule: file });
    const names = await exportsOf(join(folder.app, service.dbModule), baseEnvironment(folder), file);
    const missing = service.dbModuleExports.filter((name) => !names.includes(name));
    if (missing.length === 0) return;
    throw new WalproofError(
      'DB_MODULE_BROKEN',
      `expected ${file} to export what ${service.name} calls, but it lacks: ${missing.join(', ')}`,
      `export all of: ${service.dbModuleExports.join(', ')}`,
    );
  } finally {
    await rm(folder.path, { recursive: true, force: true });
  }
}

async function exportsOf(staged: string, env: Record<string, string>, file: string): Promise<string[]> {
  const program = `console.log('\\n' + JSON.stringify(Object.keys(await import(${JSON.stringify(pathToFileURL(staged).href)})))); process.exit(0);`;
  const { error, stdout, stderr } = await new Promise<{ error: Error | null; stdout: string; stderr: string }>(
    (resolve) => {
      const options = { env, timeout: IMPORT_DEADLINE_MS, killSignal: 'SIGKILL' } as const;
      execFile(process.execPath, ['--input-type=module', '-e', program], options, (failure, out, err) =>
        resolve({ error: failure, stdout: out, stderr: err }),
      );
    },
  );
  if (error === null) return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '[]') as string[];
  const lines = stderr.replaceAll(staged, file).trim().split('\n');
  throw new WalproofError(
    'DB_MODULE_BROKEN',
    `expected ${file} to be importable in place of the db module, but it ${error.message.includes('ETIMEDOUT') ? 'did not finish' : 'failed'}`,
    'mend what the lines below name; it must be TypeScript that Node can run by stripping its types',
    { details: lines.slice(-SHOWN_LINES) },
  );
}
