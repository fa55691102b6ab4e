/** Mutants are made from the present sources, each time anew: a copy would go on testing what the service was once. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WalproofError } from '../model/errors.ts';
import type { Edit, Mutant } from './rule.ts';

const PROJECT_ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The changed sources by path below the project's root. Throws MUTANT_RULE_STALE when an edit does not fit exactly once. */
export async function derive({ name, edits }: Pick<Mutant, 'name' | 'edits'>): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  for (const edit of edits) {
    const text = sources.get(edit.file) ?? (await readFile(join(PROJECT_ROOT, edit.file), 'utf8'));
    sources.set(edit.file, applied(text, edit, name));
  }
  return sources;
}

/** Applies one edit. A rule that fits nowhere would test the unchanged service, and one that fits twice something unknown. */
export function applied(text: string, { file, find, replace }: Edit, mutant: string): string {
  const matches = typeof find === 'string' ? text.split(find).length - 1 : [...text.matchAll(find)].length;
  const changed = text.replace(find, () => replace);
  if (matches === 1 && changed !== text) return changed;
  const seen = matches === 1 ? 'it changes nothing' : `it is found ${matches} times`;
  throw new WalproofError(
    'MUTANT_RULE_STALE',
    `expected the rule of ${mutant} to find ${String(find).trim()} exactly once in ${file}, but ${seen}`,
    `${file} has changed since the rule was written: adapt the rule in e2e/mutants/rules/, so that it reverts the same thing`,
  );
}

/** Sources written out for an engine, as its overlay. */
export interface WrittenSources extends AsyncDisposable {
  overlay: ReadonlyMap<string, string>;
}

/** Writes the sources into a temporary folder that goes when this is disposed. */
export async function writeOut(sources: ReadonlyMap<string, string>): Promise<WrittenSources> {
  const folder = await mkdtemp(join(tmpdir(), 'walproof-mutant-'));
  const overlay = new Map<string, string>();
  for (const [path, text] of sources) {
    const file = join(folder, `${overlay.size}-${basename(path)}`);
    await writeFile(file, text, { mode: 0o644 });
    overlay.set(path, file);
  }
  return { overlay, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
