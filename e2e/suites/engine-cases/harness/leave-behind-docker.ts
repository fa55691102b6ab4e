import { createDockerEngine } from '../../../engine/docker/engine.ts';
import { leaveBehind } from './leave-behind.ts';

await leaveBehind(createDockerEngine(), process.argv.slice(2));
