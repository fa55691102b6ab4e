/** The arms of a run: the control of each service, then each subject; one arm that breaks ends all. */
import { join } from 'node:path';
import { type ArmPlan, runArm } from './arm.ts';
import { failing } from './check/index.ts';
import { controlResultOf } from './check/summary.ts';
import { PROJECT_ROOT } from './engine/shared/project-root.ts';
import { newRunId } from './engine/shared/run-id.ts';
import type { ControlResult, Demands, Evidence } from './model/evidence.ts';
import type { Arm } from './model/op.ts';
import type { Scenario, ServiceUnderTest } from './model/scenario.ts';
import type { Engine } from './model/stack.ts';
import type { ArmRecorder } from './observe/recorder.ts';
import type { Timeline } from './observe/timeline.ts';
import type { Progress } from './progress.ts';
import { type Side, sideOf } from './report/html/side.ts';
import { demandsOf } from './report/run-record.ts';
import type { StoppedBy } from './report/verdict-document.ts';
import { type HeldTurn, Turns } from './turns.ts';

/** All that is kept of a control: its calls and observations are in the bundle, and go from memory with it. */
export interface Control {
  result: ControlResult;
  side: Side;
}

export interface ArmsOptions {
  scenario: Scenario;
  engine: Engine;
  subjects: ReadonlyMap<string, { variant: string; file: string }>;
  failFast?: boolean;
  progress: Progress;
  signal: AbortSignal;
}

/** What differs from arm to arm. */
type ArmWish = Pick<ArmPlan, 'variant' | 'dbModule' | 'durationMs' | 'calmMs' | 'faults' | 'demands'> &
  Pick<ArmPlan, 'isEnough' | 'patienceMs' | 'isOver' | 'loadsEarly'>;

/** A control that was refused less often than this goes on, so that one refusal by chance is not all there is. */
const CONTROL_BUSY = 10;

/** Runs the arms of a run. */
export class Arms {
  /** The first finding, when the run was to end there and did. */
  stoppedBy: StoppedBy | null = null;
  readonly #options: ArmsOptions;
  readonly #sink: ArmPlan['sink'];
  readonly #timeline: Timeline;
  readonly #startedAt: number;
  readonly #runId = newRunId();
  /** Aborted by the first arm that breaks, so that none runs on behind its back. */
  readonly #broken = new AbortController();

  constructor(options: ArmsOptions, sink: ArmPlan['sink'], timeline: Timeline, startedAt: number) {
    this.#options = options;
    this.#sink = sink;
    this.#timeline = timeline;
    this.#startedAt = startedAt;
  }

  /**
   * The controls, all at once: a control only has to be refused, not to be fast. Then the subjects, one after the other unless
   * side by side was asked for; each stack comes up while the arm before it needs the machine least.
   */
  async run(): Promise<{ controls: Map<string, Control>; subjects: Evidence[] }> {
    const { scenario, failFast } = this.#options;
    const { services, control, sideBySide } = scenario;
    const turns = new Turns(failFast === true || sideBySide ? 'apart' : 'overlapping');
    const controlled = turns.together(control === null ? 0 : services.length);
    const controls = services.flatMap((service, n) => {
      const turn = controlled[n];
      return turn === undefined || control === null ? [] : [this.#control(service, control.durationMs, turn)];
    });
    const placed = sideBySide ? turns.together(services.length) : services.map(() => turns.next());
    const subjects = services.map((service, n) => this.#subject(service, placed[n]));
    await Promise.allSettled([...controls, ...subjects]);
    this.#broken.signal.throwIfAborted();
    const found = new Map(await Promise.all(controls));
    const evidences = (await Promise.all(subjects)).filter((evidence) => evidence !== null);
    return { controls: found, subjects: evidences.map((evidence) => withControl(evidence, found)) };
  }

  /** What the control variant of a service showed. */
  async #control(service: ServiceUnderTest, durationMs: number, turn: HeldTurn): Promise<[string, Control]> {
    const { controlVariant: variant, variants, name } = service.definition;
    const file = variants[variant];
    if (file === undefined) throw new RangeError(`${name} names a control variant that it does not have: ${variant}`);
    const demands: Demands = { okOps: 0, okOpsAroundFault: 0, faults: [], control: false, controlResult: null };
    const isEnough: ArmWish['isEnough'] = ({ busy }) => busy >= CONTROL_BUSY;
    const dbModule = join(PROJECT_ROOT, file);
    const wish = { variant, dbModule, durationMs, calmMs: 0, faults: [], demands, isEnough, loadsEarly: true };
    const evidence = await this.#run('control', service, wish, turn);
    return [name, { result: controlResultOf(evidence), side: sideOf(evidence) }];
  }

  /** The evidence on the db module under judgement; null where a finding had ended the run before. */
  async #subject(service: ServiceUnderTest, turn: HeldTurn | undefined): Promise<Evidence | null> {
    const { scenario, subjects } = this.#options;
    const { faults, durationMs, calmMs } = scenario;
    const { variant, file: dbModule } = subjects.get(service.definition.name) ?? { variant: 'patched', file: null };
    const demands: Demands = { ...demandsOf(scenario), controlResult: null };
    const isOver = () => this.stoppedBy !== null;
    // A slow machine takes longer for as much; in twice the time it is another matter.
    const enough: Pick<ArmWish, 'isEnough' | 'patienceMs'> = {
      isEnough: ({ okOps }) => okOps >= demands.okOps,
      patienceMs: durationMs,
    };
    await turn?.mayStart;
    if (isOver()) {
      turn?.end();
      return null;
    }
    return await this.#run(
      'subject',
      service,
      { variant, dbModule, durationMs, calmMs, faults, demands, isOver, ...enough },
      turn,
    );
  }

  async #run(arm: Arm, service: ServiceUnderTest, wish: ArmWish, turn: HeldTurn | undefined): Promise<Evidence> {
    const { scenario, engine, signal } = this.#options;
    const strand = { arm, service: service.definition.name };
    try {
      return await runArm({
        ...wish,
        ...(turn === undefined ? {} : { turn }),
        arm,
        service,
        engine,
        runId: this.#runId,
        traffic: scenario.traffic,
        sink: this.#sink,
        startedAt: this.#startedAt,
        signal: AbortSignal.any([signal, this.#broken.signal]),
        onStage: (stage, recorder) => {
          this.#timeline.enter(stage, strand);
          this.#options.progress.stage(recorder, stage.what);
          if (arm === 'subject') this.#lookForFindings(service, wish, recorder);
        },
      });
    } catch (error) {
      this.#broken.abort(error);
      throw error;
    } finally {
      this.#timeline.leave(strand);
      turn?.end();
    }
  }

  /** Between two stages nothing is half done: a refusal that is about to be tried again is no finding yet. */
  #lookForFindings({ definition: service }: ServiceUnderTest, wish: ArmWish, recorder: ArmRecorder): void {
    const { failFast, progress } = this.#options;
    if (failFast !== true || this.stoppedBy !== null) return;
    const { variant, demands } = wish;
    const { ops, observations } = recorder;
    const [first] = failing({ service, arm: 'subject', variant, ops, observations, demands });
    const finding = first?.findings[0];
    if (first === undefined || finding === undefined) return;
    this.stoppedBy = { service: service.name, check: first.check, code: finding.code, atMs: recorder.nowMs() };
    progress.line(`stopping at the first finding: ${first.check} ${finding.code}: ${finding.message}`);
  }
}

function withControl(evidence: Evidence, controls: ReadonlyMap<string, Control>): Evidence {
  const controlResult = controls.get(evidence.service.name)?.result ?? null;
  return { ...evidence, demands: { ...evidence.demands, controlResult } };
}
