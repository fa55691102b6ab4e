/**
 * How the harness reaches the processes of a stack: at ports published on 127.0.0.1, which every daemon on this machine can
 * have, or at the containers' own addresses (`direct`), where nothing is published and no call passes through Docker's proxy.
 */
import { existsSync } from 'node:fs';
import type Docker from 'dockerode';
import type { ProcessDefinition } from '../../model/service.ts';

/** What Docker names a bridge after, unless it was given a name: `br-` and so much of the network's id. */
const ID_IN_NAME = 12;

/**
 * Refuses a connection at once, as a published port does whose container has ended: port 1 belongs to a service that nobody
 * runs (TCPMUX). At the address of a container that has ended nobody is left to refuse, and a call waits for seconds.
 */
export const REFUSING = 'http://127.0.0.1:1';

/**
 * Whether this machine has the bridge of a network, and so every address on it: Docker's documentation promises that a host
 * reaches all ports of containers on its bridge networks. A daemon in a virtual machine, in a namespace of its own (rootless)
 * or on another machine has its bridges there.
 */
export function isBridgedHere(networkId: string): boolean {
  return existsSync(`/sys/class/net/br-${networkId.slice(0, ID_IN_NAME)}`);
}

function portKey(process: ProcessDefinition): string {
  return `${process.port}/tcp`;
}

/** The port of a process, published where the daemon finds a free one. */
export function published(process: ProcessDefinition): Docker.PortMap {
  return { [portKey(process)]: [{ HostIp: '127.0.0.1', HostPort: '0' }] };
}

/** Where the daemon says that a process listens; null while it has no place on its network. */
export function addressOf(
  { NetworkSettings }: Docker.ContainerInspectInfo,
  process: ProcessDefinition,
  isDirect: boolean,
): string | null {
  if (isDirect) {
    const [own] = Object.values(NetworkSettings.Networks);
    // Empty once the container has ended.
    return own === undefined || own.IPAddress === '' ? null : `http://${own.IPAddress}:${process.port}`;
  }
  const port = NetworkSettings.Ports[portKey(process)]?.[0]?.HostPort;
  return port === undefined ? null : `http://127.0.0.1:${port}`;
}
