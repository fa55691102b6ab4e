import { type Evidence, observationsOf } from '../model/evidence.ts';
import type { DatabaseClosedSeen } from '../model/observation.ts';
import type { Finding } from '../model/verdict.ts';
import { judgedAttestations } from './connections.ts';
import { broken, Examples, listed, notExercised } from './finding.ts';
import { type ProcessLife, processLives } from './process-lives.ts';

const GUARANTEE = 'A process that is asked to stop closes its connections';

const keyOf = ({ process, incarnation }: { process: string; incarnation: number }): string =>
  `${process} (start ${incarnation})`;

/** The lives that ended in order, as asked, and had a connection. One that was killed closes nothing. */
function livesThatClose(evidence: Evidence): ProcessLife[] {
  const attested = new Set(judgedAttestations(evidence).map(keyOf));
  return processLives(evidence).filter(
    (life) => life.exit?.expected === true && life.exit.exitCode === 0 && attested.has(keyOf(life)),
  );
}

/**
 * Closes that the files cannot show: the last connection deletes the sidecars whatever became of those before it, so a
 * process that gave its connections up is seen by its own word alone.
 */
export function closesInOrder(evidence: Evidence): { findings: Finding[]; unclean: number } {
  const said = new Map(observationsOf(evidence, 'database-closed').map((seen) => [keyOf(seen), seen]));
  const ended = livesThatClose(evidence);
  const unclean = ended.flatMap((life) => said.get(keyOf(life)) ?? []).filter((seen) => !seen.clean);
  const silent = ended.filter((life) => !said.has(keyOf(life)));
  const findings = unclean.length === 0 ? [] : [uncleanClose(unclean, ended.length)];
  if (silent.length > 0)
    findings.push(
      notExercised(
        `${GUARANTEE}: expected each of ${ended.length} that ended in order to say whether it did, seen nothing from ${listed(silent.map(keyOf))}.`,
      ),
    );
  return { findings, unclean: unclean.length };
}

function uncleanClose(unclean: readonly DatabaseClosedSeen[], stops: number): Finding {
  const examples = new Examples<unknown>();
  for (const seen of unclean) examples.add(seen);
  const message = `${GUARANTEE}: expected a clean close at each of ${stops} stops, seen ${unclean.length} given up (${listed(unclean.map(keyOf))}).`;
  return broken('unclean-close', message, examples);
}
