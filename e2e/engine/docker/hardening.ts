import type { HostConfig, MountConfig } from 'dockerode';
import { DATA_DIR, type StackPlan } from './plan.ts';

export const USER = '1000:1000';
const MIB = 2 ** 20;
const PIDS_LIMIT = 256;
const LOG_BYTES = 32 * MIB;

/** A container that can write to its volume and /tmp, and do nothing else to the host. */
export function hardened(plan: StackPlan, memoryBytes: number, moreMounts: MountConfig = []): HostConfig {
  return {
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
    ReadonlyRootfs: true,
    Tmpfs: { '/tmp': `rw,noexec,nosuid,nodev,mode=1777,size=${64 * MIB}` },
    Memory: memoryBytes,
    // The same number: no swap on top, which would turn a leak into a machine that crawls.
    MemorySwap: memoryBytes,
    PidsLimit: PIDS_LIMIT,
    // A read-only root keeps a service from filling the disk, its log does not.
    LogConfig: { Type: 'json-file', Config: { 'max-size': `${LOG_BYTES}`, 'max-file': '1' } },
    // The whole data folder: WAL needs db, -wal and -shm in one directory that all containers share.
    Mounts: [{ Type: 'volume', Source: plan.stackId, Target: DATA_DIR }, ...moreMounts],
  };
}
