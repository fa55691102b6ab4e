import { type History, history } from './history.ts';

/** A complete run in which nothing goes wrong: `host` is restarted, `agent` is killed, all under traffic. */
export function goodRun(): History {
  const run = history().started('host', 'agent').attested('host').attested('agent').watched('host', 'agent');
  run.sidecars('open', 'wal', 'shm').holds('host').holds('agent').sampled().walHeader();
  const kept: Record<string, string> = {};
  const calls = (fromMs: number): void => {
    run.at(fromMs);
    for (const nth of [1, 2, 3]) {
      kept[`n${fromMs}-${nth}`] = `note ${nth}`;
      run.ok('add-note', `n${fromMs}-${nth}`, `note ${nth}`).ok('list-notes', undefined, undefined, { kind: 'read' });
    }
  };
  calls(110);
  run.at(305).call('info', 'list-notes', undefined, undefined, { kind: 'read', tookMs: 30 });
  run.at(310).stopped('host').started('host').attested('host').watched('host').holds('host').sampled();
  run.sidecars('open', 'wal', 'shm');
  run.fault('restart', 'host', 300, 400);
  calls(410);
  run.at(605).call('info', 'list-notes', undefined, undefined, { kind: 'read', tookMs: 30 });
  run.at(610).killed('agent').started('agent').attested('agent').watched('agent').holds('agent').sampled();
  run.fault('kill', 'agent', 600, 700);
  calls(710);
  run.crashImages('add-note', Object.keys(kept));
  run.traffic(100, 900).health('host', 100, 900).health('agent', 100, 900);
  const once = Object.fromEntries(Object.keys(kept).map((key) => [key, 1]));
  run.at(1_000).probed().integrity('live').finalRead('add-note', kept).delivered('add-note', once);
  run.searched('add-note', once).holds('host').holds('agent');
  run.at(1_100).stopped('agent', 'host').sidecars('stopped').header(2, 2, 'stopped').fullText().commits();
  return run.demanding({
    okOps: 18,
    okOpsAroundFault: 6,
    faults: ['restart', 'kill'],
    control: true,
    controlResult: { variant: 'unpatched', busy: 3, lostWrites: 0, okOps: 20 },
    crashImages: { least: 1_000 },
  });
}
