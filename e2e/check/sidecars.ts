import { type Checker, type Evidence, observationsOf } from '../model/evidence.ts';
import type { DatabaseState, SidecarsSeen } from '../model/observation.ts';
import type { Finding, FindingCode } from '../model/verdict.ts';
import { closesInOrder } from './closes.ts';
import { judgedAttestations } from './connections.ts';
import { broken, conclude, Examples, ensure, listed, notExercised } from './finding.ts';
import { greatest } from './moments.ts';
import { downtimes } from './process-lives.ts';

const CHECK = 'sidecars';

/**
 * What is due in each state of a WAL database. The last connection to close cleanly deletes -wal and -shm; a killed
 * process closes nothing, so they stay (https://sqlite.org/walformat.html#file_lifecycles).
 */
const WAL_AND_SHM_DUE: Record<DatabaseState, boolean> = { open: true, stopped: false, killed: true, restarted: true };

const GUARANTEES: Record<DatabaseState, string> = {
  open: 'While the database is open, -wal and -shm exist',
  stopped: 'After a clean stop of every process, -wal and -shm are gone',
  killed: 'After every process was killed, -wal and -shm are still there',
  restarted: 'After a restart, -wal and -shm exist again',
};

interface Deviation {
  state: DatabaseState;
  code: FindingCode;
  files: Set<string>;
  examples: Examples<unknown>;
}

function deviationsOf(seen: SidecarsSeen): { code: FindingCode; file: string }[] {
  const found: { code: FindingCode; file: string }[] = [];
  const due = WAL_AND_SHM_DUE[seen.state];
  for (const [file, bytes] of [
    ['-wal', seen.walBytes],
    ['-shm', seen.shmBytes],
  ] as const) {
    if (due && bytes === null) found.push({ code: 'sidecar-missing', file });
    if (!due && bytes !== null) found.push({ code: 'sidecar-unexpected', file });
  }
  // A database in WAL mode never has a rollback journal, in no state.
  if (seen.journalBytes !== null) found.push({ code: 'sidecar-unexpected', file: '-journal' });
  return found;
}

function deviations(looks: readonly SidecarsSeen[]): Deviation[] {
  const groups = new Map<string, Deviation>();
  for (const seen of looks) {
    const codes = new Set<FindingCode>();
    for (const { code, file } of deviationsOf(seen)) {
      const group = ensure(groups, `${seen.state} ${code}`, () => ({
        state: seen.state,
        code,
        files: new Set<string>(),
        examples: new Examples<unknown>(),
      }));
      group.files.add(file);
      if (!codes.has(code)) group.examples.add(seen);
      codes.add(code);
    }
  }
  return [...groups.values()];
}

/** Looks that can be judged: killed before any connection was opened, a database has no sidecars that could stay. */
function judgedLooks(evidence: Evidence): SidecarsSeen[] {
  const looks = observationsOf(evidence, 'sidecars').toSorted((a, b) => a.atMs - b.atMs);
  const opensMs = judgedAttestations(evidence).map((seen) => seen.atMs);
  let closedAtMs = Number.NEGATIVE_INFINITY;
  return looks.filter((look) => {
    if (look.state === 'stopped') closedAtMs = look.atMs;
    return look.state !== 'killed' || opensMs.some((openMs) => closedAtMs < openMs && openMs <= look.atMs);
  });
}

/** A state that this history passed through, why it is known to, and which look shows it. */
interface StateOwed {
  state: DatabaseState;
  because: string;
  shownBy(look: SidecarsSeen): boolean;
}

function statesOwed(evidence: Evidence): StateOwed[] {
  const isOpen = (look: SidecarsSeen): boolean => look.state === 'open' || look.state === 'restarted';
  const owed: StateOwed[] = [{ state: 'open', because: 'the service ran', shownBy: isOpen }];
  for (const { fromMs, untilMs, exits } of downtimes(evidence)) {
    if (exits.every((exit) => exit.exitCode === 0))
      owed.push({
        state: 'stopped',
        because: `every process had stopped cleanly by ${fromMs} ms`,
        shownBy: (look) => look.state === 'stopped',
      });
    // Docker reports a SIGKILL as exit code 137 (128 + 9).
    if (exits.every((exit) => exit.signal === 'SIGKILL' || exit.exitCode === 137))
      owed.push({
        state: 'killed',
        because: `every process had been killed by ${fromMs} ms`,
        shownBy: (look) => look.state === 'killed',
      });
    if (untilMs !== Number.POSITIVE_INFINITY)
      owed.push({
        state: 'restarted',
        because: `processes were started again at ${untilMs} ms`,
        shownBy: (look) => isOpen(look) && look.atMs >= untilMs,
      });
  }
  return owed;
}

/** One look per state is enough, however often the history came by. */
function missingLooks(evidence: Evidence, looks: readonly SidecarsSeen[]): Finding[] {
  const byState = Map.groupBy(statesOwed(evidence), (owed) => owed.state);
  return [...byState].flatMap(([state, owed]) => {
    if (looks.some((look) => owed.some((one) => one.shownBy(look)))) return [];
    const { database } = evidence.service;
    return [
      notExercised(
        `${GUARANTEES[state]}: expected a look at the files of ${database} in this state, since ${owed[0]?.because}; seen none.`,
      ),
    ];
  });
}

/** "The -wal file exists" is true or false depending on the state, so each look is judged by the state it was made in. */
export const sidecars: Checker = {
  name: CHECK,
  claim:
    'The -wal and -shm files are there exactly when they are due, a rollback journal never is, and each process that stops closes its connections.',
  check(evidence) {
    const looks = judgedLooks(evidence);
    const findings = deviations(looks).map(({ state, code, files, examples }) => {
      const expected = WAL_AND_SHM_DUE[state] ? '-wal and -shm and no -journal' : 'none of -wal, -shm and -journal';
      const seen = `${listed(files)} ${code === 'sidecar-missing' ? 'missing' : 'present'}`;
      const share = `${examples.count} of ${looks.filter((look) => look.state === state).length} looks`;
      const message = `${GUARANTEES[state]}: expected ${expected} beside ${evidence.service.database}, seen ${seen} in ${share}.`;
      return broken(code, message, examples);
    });
    findings.push(...missingLooks(evidence, looks));
    const closes = closesInOrder(evidence);
    findings.push(...closes.findings);
    const maxWalBytes = greatest(
      looks.map((look) => look.walBytes ?? 0),
      0,
    );
    return conclude(CHECK, findings, { looks: looks.length, maxWalBytes, uncleanCloses: closes.unclean });
  },
};
