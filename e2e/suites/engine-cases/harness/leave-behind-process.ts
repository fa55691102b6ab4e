import { createProcessEngine } from '../../../engine/process/engine.ts';
import { leaveBehind } from './leave-behind.ts';

await leaveBehind(createProcessEngine(), process.argv.slice(2));
