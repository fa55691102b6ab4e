/**
 * The network of a stack, and where its processes are reached. Either each container has a place of its own on it and a port
 * published on 127.0.0.1, or all share one place, as the containers of a Kubernetes pod do. The place is the observer's, which
 * runs as long as the stack: a container that starts or ends has no network of its own to be set up or taken down.
 */
import { existsSync } from 'node:fs';
import type Docker from 'dockerode';
import { WalproofError } from '../../model/errors.ts';
import type { ProcessDefinition, ServiceDefinition } from '../../model/service.ts';
import { docker } from './client.ts';
import type { SharedPlace, StackPlan } from './plan.ts';

/** What Docker names a bridge after, unless it was given a name: `br-` and so much of the network's id. */
const ID_IN_NAME = 12;

/** Creates the network of a plan, and returns its id. */
export async function createNetwork({ stackId, labels }: StackPlan): Promise<string> {
  const network = await docker().createNetwork({
    Name: stackId,
    Driver: 'bridge',
    Labels: labels,
    // The services have nobody to talk to outside; who calls them does not need it.
    Options: { 'com.docker.network.bridge.enable_ip_masquerade': 'false' },
  });
  return network.id;
}

/**
 * Whether this machine has the bridge of a network, and so every address on it: Docker's documentation promises that a host
 * reaches all ports of containers on its bridge networks. A daemon in a virtual machine, in a namespace of its own (rootless)
 * or on another machine has its bridges there.
 */
export function isBridgedHere(networkId: string): boolean {
  return existsSync(`/sys/class/net/br-${networkId.slice(0, ID_IN_NAME)}`);
}

/** A port for each process, by name: where one listens that shares its place no other can. */
export function portsAtOnePlace({ processes }: ServiceDefinition): Map<string, number> {
  const taken = new Set<number>();
  const ports = new Map<string, number>();
  for (const { name, port } of processes) {
    let free = port;
    while (taken.has(free)) free++;
    taken.add(free);
    ports.set(name, free);
  }
  return ports;
}

/** Ports, each published where the daemon finds a free one. */
export function published(ports: Iterable<number>): Docker.PortMap {
  return Object.fromEntries([...ports].map((port) => [portKey(port), [{ HostIp: '127.0.0.1', HostPort: '0' }]]));
}

/** Where the daemon says that a process with a place of its own listens; null while it has none. */
export function publishedUrl(info: Docker.ContainerInspectInfo, { port }: ProcessDefinition): string | null {
  const found = info.NetworkSettings.Ports[portKey(port)]?.[0]?.HostPort;
  return found === undefined ? null : `http://127.0.0.1:${found}`;
}

/** The place of a container that runs, for processes that listen at these ports. */
export async function placeOf(container: Docker.Container, ports: ReadonlyMap<string, number>): Promise<SharedPlace> {
  const { NetworkSettings } = await container.inspect();
  const [own] = Object.values(NetworkSettings.Networks);
  const urls = [...ports].map(([name, port]) => {
    const found = NetworkSettings.Ports[portKey(port)]?.[0]?.HostPort;
    return [name, found === undefined ? `http://${own?.IPAddress}:${port}` : `http://127.0.0.1:${found}`] as const;
  });
  return { holder: container.id, urls: new Map(urls) };
}

/** The error of what takes a place for each process. */
export function sharedPlace(what: string): WalproofError {
  const seen = `expected each process to have a place of its own on the network to ${what}, but they share one`;
  return new WalproofError('INTERNAL', seen, 'Mark the fault that does it with needsOwnNetwork.');
}

function portKey(port: number): string {
  return `${port}/tcp`;
}
