/** Which of the possible disks after one cut are looked at: the extremes, ends dropped at several places, and chance. */
import { intsFrom } from '../observe/crash/images.ts';
import type { Choice } from './disk.ts';
import type { Suffix } from './trace.ts';

export interface NamedChoice extends Choice {
  name: string;
}

const PREFIXES = 4;
const SUBSETS = 4;

/** All that was written is there: what the page cache holds for whoever opens the file after a kill. */
export const EVERYTHING: NamedChoice = { name: 'everything', keepsEntry: () => true, keepsSector: () => true };

export function choicesFor(seed: number, pending: number): NamedChoice[] {
  const random = intsFrom(seed);
  const chosen: NamedChoice[] = [
    EVERYTHING,
    { name: 'only what was synced', keepsEntry: () => false, keepsSector: () => false },
    ...(['', '-wal', '-journal'] as const).map(onlyOf),
  ];
  for (let n = 0; n < PREFIXES && pending > 0; n++) chosen.push(firstOf(random(pending + 1)));
  for (let n = 0; n < SUBSETS && pending > 0; n++) chosen.push(subset(random(0x7fffffff)));
  return chosen;
}

/** A disk that wrote one file back and none of the others. */
function onlyOf(file: Suffix): NamedChoice {
  const name = file === '' ? 'the database' : file;
  return { name: `${name} alone`, keepsEntry: () => true, keepsSector: (_, __, own) => own === file };
}

/** A disk that wrote everything in order, up to some moment. */
function firstOf(count: number): NamedChoice {
  return { name: `the first ${count}`, keepsEntry: (place) => place < count, keepsSector: (place) => place < count };
}

/** Each sector by chance, some disks with most of them and some with few. */
function subset(seed: number): NamedChoice {
  const random = intsFrom(seed);
  const [few, many] = [random(100), 100];
  const keeps = () => random(many) < few;
  return { name: `${few} % of the sectors, seed ${seed}`, keepsEntry: keeps, keepsSector: keeps };
}
