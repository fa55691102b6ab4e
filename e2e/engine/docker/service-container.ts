// Before testcontainers: it sets what testcontainers reads.
import './client.ts';
import { GenericContainer, PullPolicy } from 'testcontainers';
import type { ProcessDefinition } from '../../model/service.ts';
import { fillPlaceholders } from '../shared/placeholders.ts';
import { hardened } from './hardening.ts';
import { LABEL } from './labels.ts';
import { published } from './network.ts';
import { placed, userOf } from './placement.ts';
import { appDir, DATA_DIR, inImage, type StackPlan } from './plan.ts';

const MEMORY_BYTES = 512 * 2 ** 20;

/** The container of one process, as testcontainers brings it up. */
export class ServiceContainer extends GenericContainer {
  readonly #onCreated: (containerId: string) => Promise<void>;

  /**
   * `onCreated` runs when the container exists and has not been started yet. `suffix` ends the container's name: in a
   * rolling restart two of one process exist.
   */
  constructor(
    plan: StackPlan,
    process: ProcessDefinition,
    suffix: string,
    onCreated: (containerId: string) => Promise<void>,
  ) {
    super(plan.image);
    this.#onCreated = onCreated;
    // testcontainers' own reaper is off, so a session label would only mislead.
    this.withAutoCleanup(false).withPullPolicy(PullPolicy.neverPull());
    this.withName(`${plan.stackId}-${process.name}${suffix}`);
    this.withLabels({ ...plan.labels, [LABEL.process]: process.name });
    this.withUser(userOf(plan, process.name))
      .withWorkingDir(appDir(plan))
      .withEntrypoint(['node'])
      .withCommand([process.entry]);
    this.withEnvironment(environment(process, plan.shared?.ports.get(process.name) ?? process.port));
    this.hostConfig = {
      ...this.hostConfig,
      ...placed(hardened(plan, MEMORY_BYTES, sourceMounts(plan)), plan, process.name),
    };
    if (plan.shared !== undefined) {
      // Its host name is the holder's then, as Docker has it.
      this.withNetworkMode(`container:${plan.shared.place.holder}`);
    } else {
      this.withNetworkMode(plan.stackId).withHostname(process.name).withExposedPorts(process.port);
      // withExposedPorts publishes on all addresses, and has no way to name one.
      this.hostConfig = { ...this.hostConfig, PortBindings: published([process.port]) };
    }
    // Health is asked from the host; an image's own check would only take the processor from the traffic.
    this.createOpts.Healthcheck = { Test: ['NONE'] };
  }

  protected override async containerCreated(containerId: string): Promise<void> {
    await this.#onCreated(containerId);
  }
}

function environment(process: ProcessDefinition, port: number): Record<string, string> {
  const values = { data: DATA_DIR, port: String(port), process: process.name };
  // Inside a container the loopback address cannot be reached from outside.
  const env: Record<string, string> = { HOST: '0.0.0.0' };
  for (const [name, text] of Object.entries(process.env)) env[name] = fillPlaceholders(text, values);
  return env;
}

/**
 * A read-only mount of each single file, as in docker-compose.yml. Docker refuses to copy into a container whose root is
 * read-only, and an image per variant would leave images behind. The daemon must be on this host for that; it must be
 * anyway, since ports are published on 127.0.0.1 only, or not at all.
 */
function sourceMounts(plan: StackPlan): { Type: 'bind'; Source: string; Target: string; ReadOnly: true }[] {
  const { service, dbModule, overlay = new Map<string, string>() } = plan;
  const files =
    dbModule === undefined ? overlay : new Map([[`${service.sourceDir}/${service.dbModule}`, dbModule], ...overlay]);
  return [...files].map(([path, file]) => ({ Type: 'bind', Source: file, Target: inImage(path), ReadOnly: true }));
}
