import { launch } from '../launch.mjs';

await launch('suites/main.ts');
