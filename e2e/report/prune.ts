/** Bundles of old runs go, so that a thousand runs do not fill the disk. */
import { lstat, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** As many bundles stay, the newest. */
export const BUNDLES_KEPT = 20;
const BUNDLE_NAME = /^\d{4}-\d\d-\d\dT\d{6}Z-.+-\d+$/;

/**
 * Removes all bundles below `parent` but the newest `keep`, and returns their names. What `latest` points to stays however old it is,
 * and so does everything that is not certainly a bundle.
 */
export async function pruneBundles(parent: string, keep: number): Promise<string[]> {
  const latest = await readlink(join(parent, 'latest')).catch(() => '');
  const bundles: string[] = [];
  for (const name of (await readdir(parent)).sort()) {
    if (BUNDLE_NAME.test(name) && (await isBundle(join(parent, name)))) bundles.push(name);
  }
  const old = bundles.slice(0, Math.max(0, bundles.length - keep)).filter((name) => name !== basename(latest));
  for (const name of old) await rm(join(parent, name), { recursive: true, force: true });
  return old;
}

/** A folder, not a link to one, whose run.json names this tool. */
async function isBundle(path: string): Promise<boolean> {
  if (!(await lstat(path)).isDirectory()) return false;
  try {
    return (
      (JSON.parse(await readFile(join(path, 'run.json'), 'utf8')) as { tool?: unknown } | null)?.tool === 'walproof'
    );
  } catch {
    return false;
  }
}
