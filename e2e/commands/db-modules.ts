/** `--db-module <service>=<file>`: which db module is judged in place of the patched one, checked before anything starts. */
import { resolve } from 'node:path';
import { checkDbModule } from '../engine/process/check-db-module.ts';
import { PROJECT_ROOT } from '../engine/shared/project-root.ts';
import { WalproofError } from '../model/errors.ts';
import type { ServiceUnderTest } from '../model/scenario.ts';

export interface Subject {
  /** A known variant's name, or the path as it was given. */
  variant: string;
  /** Absolute path. */
  file: string;
}

/** Throws USAGE, DB_MODULE_MISSING or DB_MODULE_BROKEN, saying which service, which file and why. */
export async function subjectsOf(
  services: readonly ServiceUnderTest[],
  given: readonly string[],
): Promise<Map<string, Subject>> {
  const subjects = new Map<string, Subject>();
  for (const text of given) {
    const at = text.indexOf('=');
    const [name, path] = [text.slice(0, at), text.slice(at + 1)];
    const service = at < 1 ? undefined : services.find(({ definition }) => definition.name === name);
    if (service === undefined || path === '') {
      const known = services.map(({ definition }) => definition.name).join(', ');
      throw new WalproofError(
        'USAGE',
        `--db-module expects <service>=<file.ts> with a service of this run, seen "${text}"`,
        `services of this run: ${known}`,
      );
    }
    const { definition } = service;
    const known = Object.entries(definition.variants).find(([, file]) => resolve(PROJECT_ROOT, file) === resolve(path));
    const file = resolve(path);
    await checkDbModule(definition, file);
    subjects.set(name, { variant: known?.[0] ?? path, file });
  }
  return subjects;
}
