import { stat } from 'node:fs/promises';
import { WalproofError } from '../../model/errors.ts';

/** Fails with DB_MODULE_MISSING unless `file` is a file that can take the db module's place. */
export async function requireDbModule(file: string): Promise<void> {
  const facts = await stat(file).catch((error: NodeJS.ErrnoException) => error);
  if (!(facts instanceof Error) && facts.isFile()) return;
  const seen = facts instanceof Error ? `it cannot be read (${facts.code})` : 'it is not a file';
  throw new WalproofError(
    'DB_MODULE_MISSING',
    `expected a db module at ${file}, but ${seen}`,
    'Check the path given with --db-module <service>=<file.ts>.',
  );
}
