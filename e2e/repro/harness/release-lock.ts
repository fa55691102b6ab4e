/** Ends `hold-lock.ts` on the same database. */
import { writeFileSync } from 'node:fs';

writeFileSync(`${process.argv[2]}.release`, '');
