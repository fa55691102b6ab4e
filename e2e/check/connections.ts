import { type Evidence, observationsOf } from '../model/evidence.ts';
import type { AttestationSeen } from '../model/observation.ts';
import type { ServiceDefinition } from '../model/service.ts';

/** Whether a path, as a process names it, ends in the service's database path. */
export function isServiceDatabase(file: string, service: ServiceDefinition): boolean {
  const database = service.database.replaceAll('\\', '/').replace(/^\.?\//, '');
  const path = file.replaceAll('\\', '/');
  return path === database || path.endsWith(`/${database}`);
}

/**
 * The attestations that are judged: those of connections to the service's database file. A service may open other files
 * and in-memory databases as it likes.
 */
export function judgedAttestations(evidence: Evidence): AttestationSeen[] {
  return observationsOf(evidence, 'attestation').filter((seen) =>
    isServiceDatabase(seen.attestation.file, evidence.service),
  );
}

/** `host (start 1, connection 2)`, as a person would point at it. */
export function connectionName({ process, incarnation, attestation }: AttestationSeen): string {
  return `${process} (start ${incarnation}, connection ${attestation.connection})`;
}
