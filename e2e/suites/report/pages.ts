/** Reports of told histories, as a run would write them. */
import { CHECKERS, judge } from '../../check/index.ts';
import { controlResultOf } from '../../check/summary.ts';
import type { Evidence } from '../../model/evidence.ts';
import { mergeVerdicts } from '../../model/verdict.ts';
import { reportPage } from '../../report/html/page.ts';
import { type RunFacts, runFacts } from '../../report/html/run-facts.ts';
import { sideOf } from '../../report/html/side.ts';
import { serviceVerdict, type VerdictDocument } from '../../report/verdict-document.ts';

export function factsOf(record: Record<string, unknown> = {}): RunFacts {
  const [clients, ratePerSecond, durationMs] = [4, 900, 10_000];
  return runFacts({
    version: '0.1.0',
    startedAt: '2026-11-24T12:00:00.000Z',
    command: ['verify'],
    gitCommit: 'c0ffee',
    scenario: 'verify',
    claim: 'nothing acknowledged is lost',
    seed: 7,
    engine: 'process',
    options: { clients, ratePerSecond, durationMs, control: null, sideBySide: false, schedule: [] },
    versions: { node: '24.21.0' },
    machine: { system: 'Linux', cores: 2, memoryBytes: 4e9 },
    services: [{ name: 'notes', title: 'Notes', database: 'store/notes.db', policy: {}, subject: null }],
    ...record,
  });
}

/** Each subject with its control, if it has one of its own. */
export function pageOf(
  subjects: readonly Evidence[],
  controls: readonly Evidence[] = [],
  record: Record<string, unknown> = {},
): Promise<string> {
  const judged = subjects.map((told) => {
    const control = controls.find(({ service }) => service.name === told.service.name);
    const controlResult = control === undefined ? null : controlResultOf(control);
    const evidence = { ...told, demands: { ...told.demands, controlResult } };
    return { evidence, checks: judge(evidence) };
  });
  const services = judged.map(({ evidence, checks }) => serviceVerdict(evidence, checks));
  const document: VerdictDocument = {
    schemaVersion: 1,
    tool: 'walproof',
    version: '0.1.0',
    verdict: mergeVerdicts(services.map(({ verdict }) => verdict)),
    seed: 7,
    engine: 'process',
    durationMs: 12_345,
    bundle: '/runs/one',
    services,
  };
  return reportPage({
    run: factsOf(record),
    document,
    subjects: judged.map(({ evidence, checks }) => sideOf(evidence, checks)),
    controls: controls.map((evidence) => sideOf(evidence)),
    claims: new Map(CHECKERS.map(({ name, claim }) => [name, claim])),
  });
}
