import { fileURLToPath } from 'node:url';

/** The project's root: every relative path of a service definition starts here. */
export const PROJECT_ROOT = fileURLToPath(new URL('../../../', import.meta.url));
