import { type Checker, type Evidence, observationsOf } from '../model/evidence.ts';
import type { WalIndex, WalSample } from '../model/observation.ts';
import type { Finding } from '../model/verdict.ts';
import { blameFor, blameText, CHECKPOINT_HINDRANCES, withBlame } from './blame.ts';
import { heldUpTimes, overlap, type Span } from './fault-reach.ts';
import { broken, conclude, Examples, notExercised } from './finding.ts';
import { greatest } from './moments.ts';

const CHECK = 'wal-bounded';

/** SQLite's default: a commit that leaves so many frames or more begins a checkpoint (https://sqlite.org/pragma.html#pragma_wal_autocheckpoint). */
const AUTOCHECKPOINT_FRAMES = 1_000;
/** Each frame has a header of 24 bytes (https://sqlite.org/fileformat2.html#wal_frame_format). */
const FRAME_HEADER_BYTES = 24;
/**
 * Live frames may take four times what starts a checkpoint with 4 KiB pages (4.1 MB): short readers overlap, and while one
 * looks at the WAL it cannot begin anew. With a pinned reader 20 000 small writes take 91 MB.
 */
const MOST_LIVE_BYTES = 4 * AUTOCHECKPOINT_FRAMES * (4_096 + FRAME_HEADER_BYTES);
/**
 * Every commit above the threshold tries a checkpoint, and readers here take milliseconds, so under load some progress is
 * made many times a second. The bound allows for a machine that stands still for a while, not for a reader that stays.
 */
const MOST_WITHOUT_PROGRESS_MS = 5_000;
/** Once a fault is over, the next commit's checkpoint works off what it left. */
const GRACE_MS = 5_000;
/** A longer time without a sample could hide what the check looks for. */
const LONGEST_BLIND_MS = 5_000;

type Indexed = WalSample & { index: WalIndex };

interface Stretch {
  fromMs: number;
  untilMs: number;
  first: Indexed;
  last: Indexed;
}

function liveBytes({ frames, pageSize }: WalIndex): number {
  return frames * (pageSize + FRAME_HEADER_BYTES);
}

/** Whether a checkpoint copied something between two samples, or the WAL began anew, which needs a finished one. */
function progressed({ index: before }: Indexed, { index: after }: Indexed): boolean {
  return (
    before.salts.join() !== after.salts.join() ||
    after.frames < before.frames ||
    after.checkpointed > before.checkpointed
  );
}

const backlog = ({ index }: Indexed): number => index.frames - index.checkpointed;

/** The longest time in which commits left more to do than starts a checkpoint, and none made progress. */
function longestStarved(samples: readonly Indexed[], isHeldUp: (span: Span) => boolean): Stretch | null {
  let longest: Stretch | null = null;
  let first: Indexed | null = null;
  let previous: Indexed | null = null;
  for (const sample of samples) {
    const held = isHeldUp({ fromMs: previous?.atMs ?? sample.atMs, untilMs: sample.atMs });
    const due = !held && backlog(sample) > AUTOCHECKPOINT_FRAMES;
    const begins = first === null || (previous !== null && progressed(previous, sample));
    if (!due) first = null;
    else if (begins) first = sample;
    previous = sample;
    // Without commits nothing tries a checkpoint, so nothing can be expected of one.
    if (first === null || sample.index.frames === first.index.frames) continue;
    const stretch = { fromMs: first.atMs, untilMs: sample.atMs, first, last: sample };
    if (longest === null || stretch.untilMs - stretch.fromMs > longest.untilMs - longest.fromMs) longest = stretch;
  }
  return longest;
}

function blindness(evidence: Evidence, samples: readonly WalSample[]): Finding[] {
  const guarantee = 'The WAL stays bounded';
  if (!samples.some((sample) => sample.index !== null))
    return [notExercised(`${guarantee}: expected samples of the -wal file and its index, seen none.`)];
  const [window] = observationsOf(evidence, 'traffic');
  if (window === undefined) return [notExercised(`${guarantee}: expected a traffic window, seen none.`)];
  const inside = samples.map(({ atMs }) => atMs).filter((atMs) => atMs >= window.atMs && atMs <= window.endedAtMs);
  const moments = [window.atMs, ...inside, window.endedAtMs];
  const blindMs = greatest(moments.map((atMs, n) => atMs - (moments[n - 1] ?? atMs)));
  if (blindMs <= LONGEST_BLIND_MS) return [];
  return [
    notExercised(
      `${guarantee}: expected a sample every ${LONGEST_BLIND_MS} ms while traffic ran, seen none for ${Math.round(blindMs)} ms.`,
    ),
  ];
}

/** Who read, checkpointed or recovered while checkpoints made no progress. */
function blamed(finding: Finding, span: Span, evidence: Evidence): Finding {
  const blame = blameFor(evidence, { span, waiting: null, locks: CHECKPOINT_HINDRANCES });
  const { code, message } = finding;
  return { code, message: `${message}${blameText(blame)}`, evidence: withBlame(finding.evidence, blame) };
}

function unbounded(samples: readonly Indexed[], evidence: Evidence): Finding[] {
  const examples = new Examples<unknown>();
  for (const sample of samples)
    if (liveBytes(sample.index) > MOST_LIVE_BYTES) examples.add(sample, liveBytes(sample.index));
  if (examples.count === 0) return [];
  const most = greatest(samples.map(({ index }) => liveBytes(index)));
  const message = `The WAL stays bounded: expected at most ${MOST_LIVE_BYTES} bytes of live frames (a checkpoint is due at ${AUTOCHECKPOINT_FRAMES} frames), seen more in ${examples.count} samples, at most ${most}.`;
  const above = samples.filter(({ index }) => liveBytes(index) > MOST_LIVE_BYTES);
  const span = { fromMs: above[0]?.atMs ?? 0, untilMs: above.at(-1)?.atMs ?? 0 };
  return [blamed(broken('wal-unbounded', message, examples), span, evidence)];
}

function starved(stretch: Stretch | null, evidence: Evidence): Finding[] {
  if (stretch === null || stretch.untilMs - stretch.fromMs <= MOST_WITHOUT_PROGRESS_MS) return [];
  const { first, last } = stretch;
  const examples = new Examples<unknown>();
  examples.add(first);
  examples.add(last);
  const message = `Checkpoints make progress while commits go on: expected some within ${MOST_WITHOUT_PROGRESS_MS} ms, seen none for ${Math.round(stretch.untilMs - stretch.fromMs)} ms, in which frames grew from ${first.index.frames} to ${last.index.frames} and ${last.index.checkpointed} stayed checkpointed.`;
  return [blamed(broken('checkpoint-starved', message, examples), stretch, evidence)];
}

/** The size of the file alone says little: it never shrinks. What grows without end is the part that counts. */
export const walBounded: Checker = {
  name: CHECK,
  claim: 'The write-ahead log stays small, since checkpoints make progress while commits go on.',
  check(evidence) {
    const samples = observationsOf(evidence, 'wal-sample').toSorted((a, b) => a.atMs - b.atMs);
    const heldUp = heldUpTimes(evidence, GRACE_MS);
    const isHeldUp = (span: Span) => heldUp.some((held) => overlap(held, span));
    const indexed = samples.filter((sample): sample is Indexed => sample.index !== null);
    const free = indexed.filter(({ atMs }) => !isHeldUp({ fromMs: atMs, untilMs: atMs }));
    const stretch = longestStarved(indexed, isHeldUp);
    const findings = [...unbounded(free, evidence), ...starved(stretch, evidence), ...blindness(evidence, samples)];
    return conclude(CHECK, findings, {
      samples: samples.length,
      maxWalBytes: greatest(
        samples.map(({ walBytes }) => walBytes ?? 0),
        0,
      ),
      maxLiveWalBytes: greatest(
        free.map(({ index }) => liveBytes(index)),
        0,
      ),
      longestWithoutCheckpointMs: stretch === null ? 0 : Math.round(stretch.untilMs - stretch.fromMs),
    });
  },
};
