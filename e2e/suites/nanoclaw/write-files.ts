/** A host that hands one file over again and again, or, asked to `clean`, one that starts beside it again and again. */
import { removeTemporaries, writeWhole } from '../../../fixtures/nanoclaw/src/ipc-files.ts';

const [what, folder = '', times = '0'] = process.argv.slice(2);
for (let n = 1; n <= Number(times); n++) {
  if (what === 'clean') await removeTemporaries(folder, 'host');
  else await writeWhole(folder, '1-a.json', { from: what, text: 'x'.repeat(1000 * (n % 9)) }, 'host');
}
