/** What the images of one row lost, and whether that is within a promise. Pure. */
import { LOSSES, type Loss } from './setting.ts';

/** What SQLite made of one image. */
export interface Recovered {
  /** Keys in the order of their rowids, which is the order of the commits. */
  keys: readonly string[];
  /** Of integrity_check, foreign_key_check, full text and halves. */
  complaints: readonly string[];
}

export interface ImageVerdict {
  loss: Loss;
  /** Acknowledged before the cut, and not there. */
  lost: number;
  said: string;
}

/** `committed`: all keys in the order of the commits, as the killed service left them; `acknowledged` those before the cut. */
export function verdictOf(
  { keys, complaints }: Recovered,
  committed: readonly string[],
  acknowledged: ReadonlySet<string>,
): ImageVerdict {
  const there = new Set(keys);
  const lost = [...acknowledged].filter((key) => !there.has(key)).length;
  if (complaints.length > 0) return { loss: 'corrupt', lost, said: complaints[0] as string };
  const odd = keys.findIndex((key, n) => committed[n] !== key);
  if (odd !== -1)
    return { loss: 'not a prefix', lost, said: `commit ${odd + 1} is ${keys[odd]}, expected ${committed[odd]}` };
  if (lost > 0) return { loss: 'the newest', lost, said: `${lost} acknowledged commits are gone` };
  return { loss: 'nothing', lost: 0, said: '' };
}

export interface Row {
  images: number;
  byLoss: Record<Loss, number>;
  worst: Loss;
  /** Of the images that are intact and a prefix: the most that one lost. */
  mostLost: number;
  acknowledged: number;
  /** The worst image, in words. */
  example: string | null;
}

export function rowOf(verdicts: readonly (ImageVerdict & { image: string })[], acknowledged: number): Row {
  const byLoss = Object.fromEntries(LOSSES.map((loss) => [loss, 0])) as Record<Loss, number>;
  for (const { loss } of verdicts) byLoss[loss]++;
  const worst = LOSSES.findLast((loss) => byLoss[loss] > 0) ?? 'nothing';
  const prefixes = verdicts.filter(({ loss }) => loss === 'the newest').map(({ lost }) => lost);
  const example = verdicts.filter(({ loss }) => loss === worst).toSorted((a, b) => b.lost - a.lost)[0];
  return {
    images: verdicts.length,
    byLoss,
    worst,
    mostLost: Math.max(0, ...prefixes),
    acknowledged,
    example: example === undefined || worst === 'nothing' ? null : `${example.image}: ${example.said}`,
  };
}

/** Whether no image lost more than was promised. */
export function keeps({ worst }: Pick<Row, 'worst'>, promise: Loss): boolean {
  return LOSSES.indexOf(worst) <= LOSSES.indexOf(promise);
}
