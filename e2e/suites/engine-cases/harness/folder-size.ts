/** The size in bytes of the filesystem that a folder is on. */
import { statfsSync } from 'node:fs';

const { bsize, blocks } = statfsSync(process.argv[2] ?? '.');
console.log(JSON.stringify({ size: bsize * blocks }));
