import { type CrashImagesSeen, IMAGE_KINDS, type ImageCode } from '../model/crash.ts';
import { type Evidence, observationsOf } from '../model/evidence.ts';
import type { Op } from '../model/op.ts';
import type { CheckResult, Finding } from '../model/verdict.ts';
import { broken, conclude, Examples, notExercised, shorten } from './finding.ts';
import { streaming } from './streaming.ts';

const CHECK = 'crash-images';

const GUARANTEES: Record<ImageCode, string> = {
  'not-a-prefix':
    'A power cut takes only the newest commits: expected every image to be recovered to the state after one of the commits',
  corrupt:
    'A power cut leaves an intact file: expected no complaint of integrity_check and foreign_key_check on any image',
  'fts-inconsistent':
    'A power cut leaves documents and their full text together: expected every image to hold both or neither, and no complaint of FTS5',
};

const imagesOf = ({ images }: CrashImagesSeen) => IMAGE_KINDS.reduce((sum, kind) => sum + images[kind], 0);
const total = (seen: readonly CrashImagesSeen[], of: (each: CrashImagesSeen) => number) =>
  seen.reduce((sum, each) => sum + of(each), 0);

function imageFindings(code: ImageCode, seen: readonly CrashImagesSeen[]): Finding[] {
  const examples = new Examples<unknown>();
  let images = 0;
  let said = '';
  for (const { copiedAtMs, failed } of seen)
    for (const image of failed.filter((each) => each.code === code)) {
      // The smallest image tells most.
      examples.add({ copiedAtMs, ...image, said: shorten(image.said) }, -image.frame);
      images += image.images;
      if (said === '') said = shorten(image.said);
    }
  if (images === 0) return [];
  return [broken(code, `${GUARANTEES[code]}; seen ${images} that are not, first: ${said}.`, examples)];
}

/** What of an op the order of commits is compared with. */
type Sent = Pick<Op, 'outcome' | 'calledAtMs' | 'returnedAtMs'> & { key: string };

interface Placed {
  op: Sent;
  /** The commit that brought it: 0 was before the frames, infinity is not in the copy. */
  commit: number;
}

/** Where the frames have each op that could be in the copy. */
function placed(name: string, seen: CrashImagesSeen, ops: readonly Sent[]): Placed[] {
  const keys = seen.keys.find(({ of }) => of === name);
  if (keys === undefined) return [];
  const commitOf = new Map(keys.before.map((key) => [key, 0]));
  for (const { commit, keys: own } of keys.later) for (const key of own) commitOf.set(key, commit);
  return ops.map((op) => ({ op, commit: commitOf.get(op.key) ?? Number.POSITIVE_INFINITY }));
}

/** An op that returned before another was called must have been committed before it, and before the copy if it returned by then. */
function orderFindings(name: string, ops: readonly Sent[], seen: readonly CrashImagesSeen[]): Finding[] {
  const guarantee = `Commits are kept in the order in which ${name} was acknowledged`;
  const examples = new Examples<unknown>();
  for (const look of seen) {
    const all = placed(name, look, ops);
    const acknowledged = all
      .filter(({ op }) => op.outcome === 'ok')
      .sort((a, b) => a.op.returnedAtMs - b.op.returnedAtMs);
    for (const { op, commit } of acknowledged)
      if (op.returnedAtMs < look.copiedAtMs && commit === Number.POSITIVE_INFINITY)
        examples.add({ copiedAtMs: look.copiedAtMs, missing: op.key, returnedAtMs: op.returnedAtMs });
    let next = 0;
    let newest: Placed | null = null;
    for (const later of all
      .filter(({ commit }) => Number.isFinite(commit))
      .sort((a, b) => a.op.calledAtMs - b.op.calledAtMs)) {
      for (; (acknowledged[next]?.op.returnedAtMs ?? Number.POSITIVE_INFINITY) < later.op.calledAtMs; next++)
        if (newest === null || (acknowledged[next] as Placed).commit > newest.commit)
          newest = acknowledged[next] as Placed;
      if (newest !== null && newest.commit > later.commit)
        examples.add({ copiedAtMs: look.copiedAtMs, first: newest.op.key, after: later.op.key, commit: later.commit });
    }
    const vanished = look.keys.find(({ of }) => of === name)?.vanished ?? [];
    for (const key of vanished) examples.add({ copiedAtMs: look.copiedAtMs, vanished: key });
  }
  if (examples.count === 0) return [];
  const message = `${guarantee}: expected each in the commits before whatever was called after it, seen ${examples.count} that are not.`;
  return [broken('not-a-prefix', message, examples)];
}

function missing(evidence: Evidence, seen: readonly CrashImagesSeen[]): Finding[] {
  const guarantee = 'A power cut takes only the newest commits';
  const findings: Finding[] = [];
  const least = evidence.demands.crashImages?.least ?? 0;
  const images = total(seen, imagesOf);
  if (images < least || images === 0)
    findings.push(notExercised(`${guarantee}: expected at least ${Math.max(least, 1)} crash images, seen ${images}.`));
  else if (total(seen, ({ frames, synced }) => frames - synced) === 0)
    findings.push(
      notExercised(`${guarantee}: expected frames that were not synced yet, seen none in ${seen.length} copies.`),
    );
  if (total(seen, ({ keys }) => keys.reduce((sum, { later }) => sum + later.length, 0)) === 0)
    findings.push(
      notExercised(`${guarantee}: expected commits of acknowledged ops among those that images end at, seen none.`),
    );
  return findings;
}

function judged(
  evidence: Evidence,
  seen: readonly CrashImagesSeen[],
  sent: ReadonlyMap<string, readonly Sent[]>,
): CheckResult {
  const findings = [
    ...(Object.keys(GUARANTEES) as ImageCode[]).flatMap((code) => imageFindings(code, seen)),
    ...[...sent].flatMap(([name, ops]) => orderFindings(name, ops, seen)),
    ...missing(evidence, seen),
  ];
  const images = total(seen, imagesOf);
  const elapsedMs = total(seen, (each) => each.elapsedMs);
  return conclude(CHECK, findings, {
    copies: seen.length,
    images,
    ...Object.fromEntries(IMAGE_KINDS.map((kind) => [kind, total(seen, (each) => each.images[kind])])),
    asCopied: total(seen, (each) => each.asCopied),
    states: total(seen, (each) => each.states),
    elapsedMs,
    imagesPerSecond: elapsedMs === 0 ? 0 : Math.round((1_000 * images) / elapsedMs),
  });
}

/** A killed process leaves its page cache behind, so no kill shows what a power cut takes. */
export const crashImages = streaming({
  name: CHECK,
  claim: 'Whatever a power cut leaves, SQLite recovers it to an intact database with a prefix of the commits.',
  appliesTo: (_, { crashImages: asked }) => asked !== undefined,
  begin(evidence) {
    const seen = observationsOf(evidence, 'crash-images');
    const sent = new Map(seen.flatMap(({ keys }) => keys.map(({ of }) => [of, [] as Sent[]])));
    return {
      take({ name, key, outcome, calledAtMs, returnedAtMs }) {
        if (key !== undefined) sent.get(name)?.push({ key, outcome, calledAtMs, returnedAtMs });
      },
      end: () => judged(evidence, seen, sent),
    };
  },
});
