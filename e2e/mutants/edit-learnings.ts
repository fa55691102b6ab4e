/**
 * Changes the header of some learnings as an editor would: `edit-learnings.ts <repository root> <how many>`. What they say stays the
 * same, the files do not, so the indexer writes their rows again. It stands alone, since it is handed into containers.
 */
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [root = '.', many = '1'] = process.argv.slice(2);
const folder = join(root, 'ψ/memory/learnings');
const names = readdirSync(folder).filter((name) => name.endsWith('.md') && !name.startsWith('.'));
const edited = names.sort().slice(0, Number(many));
for (const name of edited) {
  const file = join(folder, name);
  const text = readFileSync(file, 'utf8');
  writeFileSync(join(folder, `.learning-${name}.tmp`), text.replace('---\n', '---\nedited: true\n'));
  renameSync(join(folder, `.learning-${name}.tmp`), file);
}
console.log(JSON.stringify({ edited }));
