import type { Refusal, Site, SiteOptions } from '../model/actor.ts';
import type { ServiceDefinition } from '../model/service.ts';
import type { EngineName } from '../model/stack.ts';
import { DockerSite } from './docker/site.ts';
import { ProcessSite } from './process/site.ts';

export interface SiteWish extends SiteOptions {
  engine: EngineName;
  runId: string;
  /** Whose image containers are of where the options name no service: it has the driver. */
  home: ServiceDefinition;
  /** Told of every command that was refused. */
  onRefused: (refusal: Refusal) => void;
}

/** A data folder for actors. */
export async function createSite({ engine, runId, home, onRefused, ...options }: SiteWish): Promise<Site> {
  if (engine === 'process') return await ProcessSite.create(runId, options, onRefused);
  return await DockerSite.create(runId, { ...options, service: options.service ?? home }, onRefused);
}
