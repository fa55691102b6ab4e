import type { ServiceDefinition } from '../../model/service.ts';
import type { Labels } from './labels.ts';

/** Where every container of a stack finds the data folder. */
export const DATA_DIR = '/data';

/** What the containers of one stack have in common. */
export interface StackPlan {
  service: ServiceDefinition;
  /** Unique on this daemon; volume and network carry it as their name, containers as the beginning of theirs. */
  stackId: string;
  image: string;
  labels: Labels;
  /** Absolute path on the host of the file that takes the db module's place. */
  dbModule?: string;
}

/** The folder of the service's repo inside the image. */
export function appDir(plan: StackPlan): string {
  return `/app/${plan.service.sourceDir}`;
}

/** Names of containers and volumes allow less than a run id may hold. */
export function dockerName(text: string): string {
  return text.replace(/[^A-Za-z0-9_.-]/g, '-');
}
