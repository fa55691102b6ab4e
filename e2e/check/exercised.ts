import { type Evidence, type OpFold, observationsOf } from '../model/evidence.ts';
import type { FaultSeen } from '../model/observation.ts';
import type { Op } from '../model/op.ts';
import type { CheckResult, Finding } from '../model/verdict.ts';
import { type FaultWindow, faultWindows, OpsAround } from './fault-windows.ts';
import { conclude, Examples, listed, notExercised } from './finding.ts';
import { noBusy } from './no-busy.ts';
import { streaming } from './streaming.ts';

const CHECK = 'exercised';
const GUARANTEE = 'A pass means that the service was put under load';

function trafficMissing(evidence: Evidence, ok: number): Finding[] {
  const findings: Finding[] = [];
  if (observationsOf(evidence, 'traffic').length === 0)
    findings.push(notExercised(`${GUARANTEE}: expected a traffic window, seen none.`));
  if (ok < evidence.demands.okOps)
    findings.push(
      notExercised(`${GUARANTEE}: expected ${evidence.demands.okOps} acknowledged calls or more, seen ${ok}.`),
    );
  return findings;
}

/** Each fault asked for must have hit each of its targets at least once. */
function faultsMissing(evidence: Evidence): Finding[] {
  const faults = observationsOf(evidence, 'fault');
  return evidence.demands.faults.flatMap((name) => {
    const own = faults.filter((fault) => fault.fault === name);
    if (own.length === 0) return [notExercised(`${GUARANTEE}: expected fault ${name}, seen it never happen.`)];
    const byTarget = Map.groupBy(own, (fault) => fault.target);
    return [...byTarget]
      .filter(([, hits]) => !hits.some((hit) => hit.tookEffect))
      .map(([target, hits]) => withoutEffect(name, target, hits));
  });
}

function withoutEffect(name: string, target: string, hits: readonly FaultSeen[]): Finding {
  const examples = new Examples<unknown>();
  for (const hit of hits) examples.add(hit);
  const proof = listed(hits.map((hit) => hit.proof));
  return notExercised(
    `${GUARANTEE}: expected fault ${name} to take effect on ${target}, seen it without effect ${hits.length} times (${proof}).`,
    examples.list(),
  );
}

function opsAroundFaultsMissing(evidence: Evidence, windows: readonly FaultWindow[], around: OpsAround): Finding[] {
  if (windows.length === 0) return [];
  const { okBetween, attemptedDuring } = around;
  const findings = windows.flatMap(({ names, fromMs, untilMs }, i) => {
    if ((attemptedDuring[i] ?? 0) > 0) return [];
    return [
      notExercised(`${GUARANTEE}: expected calls during ${listed(names)} (${fromMs} to ${untilMs} ms), seen none.`),
    ];
  });
  const demanded = evidence.demands.okOpsAroundFault;
  for (const [i, ok] of okBetween.entries()) {
    if (ok >= demanded) continue;
    const before = windows[i - 1];
    const after = windows[i];
    const when = [
      before === undefined ? '' : `after ${listed(before.names)}`,
      after === undefined ? '' : `before ${listed(after.names)}`,
    ];
    findings.push(
      notExercised(
        `${GUARANTEE}: expected ${demanded} acknowledged calls or more ${when.filter(Boolean).join(' and ')}, seen ${ok}.`,
      ),
    );
  }
  return findings;
}

function controlMissing({ demands }: Evidence): Finding[] {
  if (!demands.control) return [];
  const control = demands.controlResult;
  if (control === null)
    return [notExercised(`${GUARANTEE}: expected a control on the unpatched variant, seen no result of one.`)];
  if (control.busy > 0) return [];
  return [
    notExercised(
      `${GUARANTEE}: expected at least one busy error in the control (${control.variant}) under the same traffic, seen none in ${control.okOps} acknowledged calls. The traffic proves nothing about locks.`,
      [control],
    ),
  ];
}

/** A control needs only to have run: it may well be unable to acknowledge anything because it is busy. */
function controlArmMissing(ok: number, busy: number): Finding[] {
  if (ok > 0 || busy > 0) return [];
  return [notExercised('The control ran: expected acknowledged calls or busy errors, seen neither.')];
}

class ExercisedFold implements OpFold {
  readonly #evidence: Evidence;
  readonly #windows: FaultWindow[];
  readonly #around: OpsAround;
  /** Of a control, whose busy errors count as well. */
  readonly #noBusy: OpFold | null;
  #ok = 0;

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
    this.#windows = faultWindows(observationsOf(evidence, 'fault'));
    this.#around = new OpsAround(this.#windows);
    this.#noBusy = evidence.arm === 'control' ? noBusy.begin(evidence) : null;
  }

  take(op: Op): void {
    if (op.outcome === 'ok') this.#ok++;
    this.#around.take(op);
    this.#noBusy?.take(op);
  }

  end(): CheckResult {
    const evidence = this.#evidence;
    const okOps = this.#ok;
    const findings =
      this.#noBusy !== null
        ? controlArmMissing(okOps, this.#noBusy.end().figures?.['busyCount'] ?? 0)
        : [
            ...trafficMissing(evidence, okOps),
            ...faultsMissing(evidence),
            ...opsAroundFaultsMissing(evidence, this.#windows, this.#around),
            ...controlMissing(evidence),
          ];
    const faults = observationsOf(evidence, 'fault').filter((fault) => fault.tookEffect).length;
    return conclude(CHECK, findings, { okOps, faults });
  }
}

/** No evidence, no pass: what was not put under load was not verified. */
export const exercised = streaming({
  name: CHECK,
  claim: 'Traffic ran before, during and after every fault, every fault took effect, and the control went red.',
  begin: (evidence) => new ExercisedFold(evidence),
});
