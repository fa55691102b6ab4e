/** `SHA256SUMS` of a bundle, in the format of `sha256sum -c`: which records a verdict rests on, and that they are as written. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

export const SUMS = 'SHA256SUMS';
/** The records; logs, copies of databases and reports beside them are for people. */
export const RECORDS = ['run.json', 'history.jsonl', 'observations.jsonl', 'verdict.json'] as const;

export type RecordName = (typeof RECORDS)[number];

export function isRecord(name: string): name is RecordName {
  return (RECORDS as readonly string[]).includes(name);
}

/** Sums of files while they are written. */
export class Sums {
  readonly #hashes = new Map<RecordName, Hash>();

  /** More text of a file. */
  add(name: string, text: string | Buffer): void {
    if (!isRecord(name)) return;
    let hash = this.#hashes.get(name);
    if (hash === undefined) {
      hash = createHash('sha256');
      this.#hashes.set(name, hash);
    }
    hash.update(text);
  }

  toString(): string {
    return formatSums(new Map([...this.#hashes].map(([name, hash]) => [name, hash.copy().digest('hex')])));
  }
}

export function formatSums(sums: ReadonlyMap<string, string>): string {
  return [...sums].map(([name, sum]) => `${sum}  ${name}\n`).join('');
}

/** Null when the text is no list of sums. */
export function parseSums(text: string): Map<RecordName, string> | null {
  const sums = new Map<RecordName, string>();
  for (const line of text.split('\n').filter(Boolean)) {
    const [, sum, name] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
    if (sum === undefined || name === undefined || !isRecord(name)) return null;
    sums.set(name, sum);
  }
  return sums;
}

export async function sumOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
