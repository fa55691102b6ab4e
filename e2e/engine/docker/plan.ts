import type { ServiceDefinition } from '../../model/service.ts';
import type { Placement } from '../../model/stack.ts';
import type { Labels } from './labels.ts';
import type { SingleFiles } from './single-files.ts';

/** Where every container of a stack finds the data folder. */
export const DATA_DIR = '/data';

/** One place on a network for all processes of a stack. */
export interface SharedPlace {
  /** The id of the container whose place it is; it must run before any other starts. */
  holder: string;
  /** `http://<address>:<port>` by name of the process. */
  urls: ReadonlyMap<string, string>;
}

/** What the containers of one stack have in common. */
export interface StackPlan {
  service: ServiceDefinition;
  /** Unique on this daemon; volume and network carry it as their name, containers as the beginning of theirs. */
  stackId: string;
  image: string;
  labels: Labels;
  /** Absolute path on the host of the file that takes the db module's place. */
  dbModule?: string;
  /** Size of the volume, which is a tmpfs then; a plain named volume when omitted. */
  dataLimitBytes?: number;
  /** The place on the network that all processes share, and the port of each; each has its own place when omitted. */
  shared?: { place: SharedPlace; ports: ReadonlyMap<string, number> };
  /** Absolute paths on the host by the path below the project's root whose place they take. */
  overlay?: ReadonlyMap<string, string>;
  /** By name of the process, and what they mount file by file. */
  placements?: { of: Readonly<Record<string, Placement>>; files: SingleFiles };
}

/** The folder of the service's repo inside the image. */
export function appDir(plan: StackPlan): string {
  return inImage(plan.service.sourceDir);
}

/** Where a path below the project's root lies inside an image. */
export function inImage(path: string): string {
  return `/app/${path}`;
}

/** Names of containers and volumes allow less than a run id may hold. */
export function dockerName(text: string): string {
  return text.replace(/[^A-Za-z0-9_.-]/g, '-');
}
