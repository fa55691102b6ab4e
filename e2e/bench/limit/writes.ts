/** The write of each service that the limit is about, as its traffic sends it. */
import type { Client, PlannedCall } from '../../traffic/clients.ts';
import { nanoclawClients } from '../../traffic/nanoclaw.ts';
import { oracleClients } from '../../traffic/oracle-v2.ts';
import { plannedCalls } from '../../traffic/plan.ts';

interface KnownWrite {
  name: string;
  clients(count: number, readers: number): Client[];
  /** A field that makes the same body be refused, though all of it is read and checked. */
  refusedFor: Record<string, unknown>;
  /** What the service replies. */
  reply: unknown;
}

/** Calls that are looked through for writes. */
const CALLS = 1_000;

const WRITES: Readonly<Record<string, KnownWrite>> = {
  nanoclaw: {
    name: 'post-message',
    clients: nanoclawClients,
    refusedFor: { is_group: 'no' },
    reply: { id: 'sender-1-1234' },
  },
  'oracle-v2': {
    name: 'learn',
    clients: oracleClients,
    refusedFor: { project: '' },
    reply: {
      success: true,
      file: 'ψ/memory/learnings/2026-01-01_note-learner1x1234-journal-harbour.md',
      id: 'learning_2026-01-01_note-learner1x1234-journal-harbour',
    },
  },
};

export function writeOf(service: string): KnownWrite {
  const known = WRITES[service];
  if (known === undefined) throw new RangeError(`expected ${Object.keys(WRITES).join(' or ')}, seen ${service}`);
  return known;
}

/** What the first writer sends with this seed, its other calls left out. */
export function sentBy(service: string, seed: number): PlannedCall['send'][] {
  const { name, clients } = writeOf(service);
  const [writer] = clients(1, 0);
  if (writer === undefined) throw new RangeError('expected a writer');
  return [...plannedCalls(writer, seed, 0, CALLS)].filter((call) => call.name === name).map(({ send }) => send);
}
