import { launch } from '../launch.mjs';

await launch('suites/checker-bench.ts');
