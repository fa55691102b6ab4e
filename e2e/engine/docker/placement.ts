import { basename } from 'node:path';
import type { HostConfig, MountConfig } from 'dockerode';
import { USER } from './hardening.ts';
import { DATA_DIR, type StackPlan } from './plan.ts';

/** The user that a process of the plan runs as. */
export function userOf({ placements }: StackPlan, process: string): string {
  return placements?.of[process]?.user === 'root' ? '0:0' : USER;
}

/** The configuration of a process's container, as its placement in the plan changes it. */
export function placed(config: HostConfig, { placements, service }: StackPlan, process: string): HostConfig {
  if (placements === undefined) return config;
  const { mount = 'folder', user = 'app' } = placements.of[process] ?? {};
  const { database } = service;
  const { Mounts = [], CapDrop, ...rest } = config;
  // Root without its capabilities could not write to a folder of uid 1000, which is what root does in production.
  const privileges = user === 'root' ? {} : { CapDrop };
  const bind = (file: string, target: string): MountSettings => {
    return { Type: 'bind', Source: placements.files.file(file), Target: `${DATA_DIR}/${target}` };
  };
  switch (mount) {
    case 'read-only-folder': {
      const readOnly = Mounts.map((each) => (isFolder(each) ? { ...each, ReadOnly: true } : each));
      return { ...rest, ...privileges, Mounts: readOnly };
    }
    case 'database-file-only': {
      // All other files come to lie in the container's own layer, which therefore must be writable.
      const others = Mounts.filter((each) => !isFolder(each));
      const single = [...others, bind(basename(database), database)];
      return { ...rest, ...privileges, ReadonlyRootfs: false, Mounts: single };
    }
    case 'private-index':
      return { ...rest, ...privileges, Mounts: [...Mounts, bind(`${process}-shm`, `${database}-shm`)] };
    default:
      return { ...rest, ...privileges, Mounts };
  }
}

type MountSettings = MountConfig[number];

function isFolder({ Target }: MountSettings): boolean {
  return Target === DATA_DIR;
}
