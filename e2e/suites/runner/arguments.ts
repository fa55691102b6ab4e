import { join } from 'node:path';
import { WalproofError } from '../../model/errors.ts';

/** The first of three machines is 1 of 3. */
export interface Shard {
  index: number;
  count: number;
}

/** `short`, `long`, or `any` when files are named: they are found whatever their length. */
export type Length = 'short' | 'long' | 'any';

/** What was typed after `npm test`. */
export interface SuiteArguments {
  length: Length;
  shard: Shard | null;
  /** Whether the seconds of each file are written down for later runs. */
  record: boolean;
  /** What vitest gets. */
  passedOn: readonly string[];
}

/** Far more machines than there are test files. */
const MOST_SHARDS = 1_000;

export function suiteArguments(typed: readonly string[]): SuiteArguments {
  const shards: string[] = [];
  const others: string[] = [];
  const rest = [...typed];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--shard') shards.push(rest.shift() ?? '');
    else if (arg.startsWith('--shard=')) shards.push(arg.slice('--shard='.length));
    else others.push(arg);
  }
  if (shards.length > 1) throw refused(`it ${shards.length} times`);
  const [text] = shards;
  const shard = text === undefined ? null : parseShard(text);
  const passedOn = others.filter((arg) => arg !== '--long' && arg !== '--record');
  const named = passedOn.some((arg) => !arg.startsWith('-'));
  return {
    length: others.includes('--long') ? 'long' : named ? 'any' : 'short',
    shard,
    record: others.includes('--record'),
    passedOn: shard === null ? passedOn : [...passedOn, `--shard=${shardText(shard)}`],
  };
}

export function parseShard(text: string): Shard {
  const [, index = 0, count = 0] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number);
  if (index >= 1 && index <= count && count <= MOST_SHARDS) return { index, count };
  throw refused(`"${text}"`);
}

export function shardText({ index, count }: Shard): string {
  return `${index}/${count}`;
}

/** Where a run leaves its results below `folder`: no two parts of the suite write the same file. */
export function resultFiles(folder: string, length: Length, shard: Shard | null): { junit: string; json: string } {
  const suffix = `${length === 'long' ? '-long' : ''}${shard === null ? '' : `-${shard.index}-of-${shard.count}`}`;
  return { junit: join(folder, `junit${suffix}.xml`), json: join(folder, `tests${suffix}.json`) };
}

function refused(seen: string): WalproofError {
  return new WalproofError(
    'USAGE',
    `expected --shard once, as <this machine>/<how many>, at most ${MOST_SHARDS}, such as 1/3, seen ${seen}`,
    'number the machines from 1',
  );
}
