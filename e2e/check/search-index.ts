import { type Evidence, observationsOf } from '../model/evidence.ts';
import type { SearchRead } from '../model/observation.ts';
import type { ServiceDefinition } from '../model/service.ts';
import type { CheckResult, Finding } from '../model/verdict.ts';
import { LEAST_COMMITS } from '../model/watched.ts';
import { broken, conclude, Examples, listed, notExercised, shorten } from './finding.ts';
import { lastHealedMs, newestMs, trafficEndedMs } from './moments.ts';
import { streaming } from './streaming.ts';

const CHECK = 'search-index';
const NOTHING = { ops: [], tables: [], halves: '' };

const promiseOf = (service: ServiceDefinition) => service.promises?.searchable ?? NOTHING;

interface Example {
  key: string;
  acknowledged: boolean;
  listed: number;
  found: number;
}

interface Tally {
  judged: number;
  unfindable: Examples<Example>;
  repeated: Examples<Example>;
}

/** What is owed for a key: found when it was acknowledged or is listed; never more often than once. */
function tallyOf(acknowledged: ReadonlySet<string>, read: SearchRead): Tally {
  const tally: Tally = { judged: 0, unfindable: new Examples<Example>(), repeated: new Examples<Example>() };
  for (const item of read.items) {
    const example = { ...item, acknowledged: acknowledged.has(item.key) };
    if (example.acknowledged) tally.judged++;
    if (item.found === 0 && (example.acknowledged || item.listed > 0)) tally.unfindable.add(example);
    if (item.found > 1) tally.repeated.add(example, item.found);
  }
  return tally;
}

function unsearched(
  name: string,
  acknowledged: ReadonlySet<string>,
  read: SearchRead | undefined,
  evidence: Evidence,
): Finding[] {
  const guarantee = `Every acknowledged ${name} is found by search`;
  if (acknowledged.size === 0) return [notExercised(`${guarantee}: expected acknowledged ones, seen none.`)];
  if (read === undefined) return [notExercised(`${guarantee}: expected a search for each, seen none.`)];
  const findings: Finding[] = [];
  const keys = new Set(acknowledged);
  for (const { key } of read.items) keys.delete(key);
  if (keys.size > 0)
    findings.push(
      notExercised(`${guarantee}: expected a search for each, seen none for ${keys.size}, such as ${listed(keys)}.`),
    );
  const dueMs = Math.max(lastHealedMs(evidence), trafficEndedMs(evidence));
  if (read.atMs < dueMs)
    findings.push(
      notExercised(
        `${guarantee}: expected the searches after traffic and faults had ended at ${dueMs} ms, seen them at ${read.atMs} ms.`,
      ),
    );
  return findings;
}

function searchFindings(name: string, { unfindable, repeated }: Tally): Finding[] {
  const keys = (examples: Examples<Example>) => listed(examples.list().map(({ key }) => shorten(key)));
  const findings: Finding[] = [];
  if (unfindable.count > 0)
    findings.push(
      broken(
        'document-unfindable',
        `What ${name} stored is found by search: expected each acknowledged or listed document, seen ${unfindable.count} that no search for its key returns, such as ${keys(unfindable)}.`,
        unfindable,
      ),
    );
  if (repeated.count > 0)
    findings.push(
      broken(
        'fts-inconsistent',
        `The full-text index holds each document once: expected one result for the key of each ${name}, seen more for ${repeated.count}, such as ${keys(repeated)}.`,
        repeated,
      ),
    );
  return findings;
}

/** A row of text that no document points to is found by nobody, but it counts in every ranking and stays for ever; so does a document without one. */
function rowFindings(name: string, { rows, atMs }: SearchRead): Finding[] {
  if (rows === undefined || rows.documents === rows.texts) return [];
  const examples = new Examples<unknown>();
  examples.add({ atMs, ...rows });
  const message = `The full-text index holds each document of ${name} once: expected as many rows of text as documents, seen ${rows.texts} for ${rows.documents}.`;
  return [broken('fts-inconsistent', message, examples)];
}

/** FTS5's own comparison of index and text (https://sqlite.org/fts5.html#the_integrity_check_command). */
function tableFindings(table: string, evidence: Evidence): Finding[] {
  const guarantee = `The full-text index ${table} agrees with its text`;
  const looks = observationsOf(evidence, 'integrity').flatMap(({ atMs, source, fullText }) => {
    const own = fullText?.find((seen) => seen.table === table);
    return own === undefined ? [] : [{ atMs, source, ...own }];
  });
  if (looks.length === 0) return [notExercised(`${guarantee}: expected FTS5's integrity-check on a copy, seen none.`)];
  const examples = new Examples<unknown>();
  for (const look of looks) if (look.complaints.length > 0) examples.add(look, look.complaints.length);
  if (examples.count > 0) {
    const said = listed(looks.flatMap((look) => look.complaints));
    const message = `${guarantee}: expected no complaint of FTS5's integrity-check, seen in ${examples.count} of ${looks.length} checks: ${said}.`;
    return [broken('fts-inconsistent', message, examples)];
  }
  const dueMs = Math.max(lastHealedMs(evidence), trafficEndedMs(evidence));
  if (newestMs(looks) >= dueMs) return [];
  return [
    notExercised(
      `${guarantee}: expected FTS5's integrity-check after traffic and faults had ended at ${dueMs} ms, seen the newest at ${newestMs(looks)} ms.`,
    ),
  ];
}

/** What was committed apart is whole at the end, unless a kill came between: every commit is looked at by itself. */
function tornFindings(evidence: Evidence): Finding[] {
  const guarantee = 'A document and its full-text row are committed together';
  const looks = observationsOf(evidence, 'commits');
  const commits = looks.reduce((sum, look) => sum + look.commits, 0);
  const examples = new Examples<unknown>();
  for (const { atMs, torn } of looks) for (const commit of torn) examples.add({ atMs, ...commit }, commit.rows.length);
  if (examples.count === 0) {
    if (commits >= LEAST_COMMITS) return [];
    return [
      notExercised(
        `${guarantee}: expected the state after each of at least ${LEAST_COMMITS} commits of a copy, seen ${commits || 'none'}.`,
      ),
    ];
  }
  const message = `${guarantee}: expected both or neither after every commit, seen one without the other after ${examples.count} of ${commits}. A kill there leaves a document that no search finds, or a text without one.`;
  return [broken('document-unfindable', message, examples)];
}

function judged(evidence: Evidence, acknowledged: ReadonlyMap<string, ReadonlySet<string>>): CheckResult {
  const reads = new Map(observationsOf(evidence, 'search-read').map((read) => [read.of, read]));
  const { tables } = promiseOf(evidence.service);
  const findings = [...tables.flatMap((table) => tableFindings(table, evidence)), ...tornFindings(evidence)];
  const commits = observationsOf(evidence, 'commits').reduce((sum, look) => sum + look.commits, 0);
  const figures = { searchedKeys: 0, unfindable: 0, foundTwice: 0, commits, searchMs: 0 };
  for (const [name, keys] of acknowledged) {
    const read = reads.get(name);
    findings.push(...unsearched(name, keys, read, evidence));
    if (read === undefined) continue;
    const tally = tallyOf(keys, read);
    findings.push(...searchFindings(name, tally), ...rowFindings(name, read));
    figures.searchedKeys += tally.judged;
    figures.unfindable += tally.unfindable.count;
    figures.foundTwice += tally.repeated.count;
    figures.searchMs += read.elapsedMs;
  }
  return conclude(CHECK, findings, figures);
}

/** A document and its full-text row are two rows; integrity_check knows nothing of the pair. */
export const searchIndex = streaming({
  name: CHECK,
  claim: 'Every acknowledged document is found by search exactly once, and the full-text index agrees with its text.',
  appliesTo: (service) => promiseOf(service).ops.length + promiseOf(service).tables.length > 0,
  begin(evidence) {
    const acknowledged = new Map(promiseOf(evidence.service).ops.map((name) => [name, new Set<string>()]));
    return {
      take({ name, outcome, key }) {
        if (outcome === 'ok' && key !== undefined) acknowledged.get(name)?.add(key);
      },
      end: () => judged(evidence, acknowledged),
    };
  },
});
