import type { Demands, Evidence } from '../../model/evidence.ts';
import type { Observation, ObservationInput } from '../../model/observation.ts';
import type { Op, OpKind, Outcome } from '../../model/op.ts';
import { NOTES } from './notes.ts';

const NO_DEMANDS: Demands = { okOps: 0, okOpsAroundFault: 0, faults: [], control: false, controlResult: null };

interface CallDetails {
  client?: string;
  kind?: OpKind;
  target?: string;
  /** How long the call took; default 1 ms. */
  tookMs?: number;
  error?: { code: string; message: string };
}

type Kind = Observation['kind'];
type Seen<K extends Kind> = Extract<Observation, { kind: K }>;

/** Ops and observations in the order of time. Each step happens one millisecond after the one before, unless `at` says otherwise. */
export class Timeline {
  #nowMs = 0;
  #observations: Observation[] = [];
  #ops: Op[] = [];
  #evidence: Partial<Evidence> = {};
  #demands: Demands = NO_DEMANDS;

  protected get nowMs(): number {
    return this.#nowMs;
  }

  at(ms: number): this {
    this.#nowMs = ms;
    return this;
  }

  observe(seen: ObservationInput): this {
    const stamped = { arm: 'subject', service: NOTES.name, atMs: seen.atMs ?? this.#nowMs++, ...seen };
    this.#observations.push(stamped as Observation);
    return this;
  }

  call(outcome: Outcome, name: string, key?: string, value?: string, details: CallDetails = {}): this {
    const { client = 'sender-1', target, kind = 'write', tookMs = 1, error } = details;
    this.#ops.push({
      arm: 'subject',
      service: NOTES.name,
      index: this.#ops.length,
      client,
      ...(target === undefined ? {} : { target }),
      kind,
      name,
      ...(key === undefined ? {} : { key }),
      ...(value === undefined ? {} : { value }),
      calledAtMs: this.#nowMs,
      returnedAtMs: this.#nowMs + tookMs,
      outcome,
      ...(error === undefined ? {} : { error }),
    });
    this.#nowMs += tookMs;
    return this;
  }

  /** A call for each outcome, by name, key and value. */
  ok(name: string, key?: string, value?: string, details?: CallDetails): this {
    return this.call('ok', name, key, value, details);
  }

  info(name: string, key?: string, value?: string, details?: CallDetails): this {
    return this.call('info', name, key, value, details);
  }

  refused(name: string, key?: string, value?: string, details?: CallDetails): this {
    return this.call('fail', name, key, value, details);
  }

  demanding(demands: Partial<Demands>): this {
    this.#demands = { ...this.#demands, ...demands };
    return this;
  }

  as(evidence: Partial<Evidence>): this {
    this.#evidence = { ...this.#evidence, ...evidence };
    return this;
  }

  /** The same history, but each observation of a kind is another. */
  but<K extends Kind>(kind: K, change: (seen: Seen<K>) => Partial<Seen<K>>): this {
    this.#observations = this.#observations.map((seen) =>
      seen.kind === kind ? ({ ...seen, ...change(seen as Seen<K>) } as Observation) : seen,
    );
    return this;
  }

  /** The same history without the observations of a kind (that match). */
  without<K extends Kind>(kind: K, matches: (seen: Seen<K>) => boolean = () => true): this {
    this.#observations = this.#observations.filter((seen) => seen.kind !== kind || !matches(seen as Seen<K>));
    return this;
  }

  withoutOps(matches: (op: Op) => boolean): this {
    this.#ops = this.#ops.filter((op) => !matches(op));
    return this;
  }

  evidence(): Evidence {
    return {
      service: NOTES,
      arm: 'subject',
      variant: 'patched',
      ops: this.#ops,
      observations: this.#observations,
      demands: this.#demands,
      ...this.#evidence,
    };
  }
}
