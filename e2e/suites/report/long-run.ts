/** A run with as many calls as are asked for: faults, waits, refusals and looks at the -wal, all by arithmetic. */
import type { Evidence } from '../../model/evidence.ts';
import type { Arm, Op, Outcome } from '../../model/op.ts';
import { type History, history, NOTES } from '../evidence-builder.ts';

const CLIENTS = 12;

export interface LongRun {
  ops: number;
  durationMs: number;
  arm?: Arm;
  service?: string;
}

export function longRun({ ops, durationMs, arm = 'subject', service = NOTES.name }: LongRun): Evidence {
  const told = history().started('host', 'agent').attested('host').attested('agent').traffic(0, durationMs);
  addFaults(told, durationMs);
  addLooks(told, durationMs);
  const base = told.evidence();
  return {
    ...base,
    arm,
    variant: arm === 'control' ? 'unpatched' : 'patched',
    service: { ...base.service, name: service, title: service },
    ops: Array.from({ length: ops }, (_, index) => call(index, ops, durationMs, arm, service)),
  };
}

function call(index: number, ops: number, durationMs: number, arm: Arm, service: string): Op {
  const calledAtMs = (index / ops) * durationMs;
  const outcome: Outcome = index % 97 === 0 ? 'fail' : index % 101 === 0 ? 'info' : 'ok';
  return {
    arm,
    service,
    index,
    client: `sender-${(index % CLIENTS) + 1}`,
    target: index % 3 === 0 ? 'agent' : 'host',
    kind: 'write',
    name: 'add-note',
    key: `n${index}`,
    value: `บันทึก ${index}`,
    calledAtMs,
    returnedAtMs: calledAtMs + 1 + ((index * 7_919) % 400) / 10,
    outcome,
    ...(outcome === 'ok' ? {} : { error: { code: 'ECONNRESET', message: 'socket hang up' } }),
  };
}

function addFaults(told: History, durationMs: number): void {
  const stepMs = durationMs / 8;
  for (let n = 1; n < 8; n++)
    told.fault(n % 2 === 0 ? 'kill' : 'restart', n % 3 === 0 ? 'host' : 'agent', n * stepMs, (n + 0.4) * stepMs);
}

function addLooks(told: History, durationMs: number): void {
  for (let atMs = 0; atMs < durationMs; atMs += 500)
    told.at(atMs).sampled({ frames: 100 + (atMs % 5_000) / 10, checkpointed: atMs % 3_000 === 0 ? 100 : 0 });
  for (let atMs = 3_000; atMs < durationMs; atMs += 4_000) {
    told.at(atMs).slowStatement('agent', 150 + (atMs % 700));
    told.at(atMs).sqliteError('host', 'SQLITE_BUSY', { elapsedMs: 0.3 });
  }
}
