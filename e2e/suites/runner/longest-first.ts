import { relative } from 'node:path';
import { BaseSequencer, type TestSequencerConstructor, type TestSpecification } from 'vitest/node';
import type { Length } from './arguments.ts';
import { readRecord, secondsFrom } from './file-seconds.ts';
import { shareOut } from './share-out.ts';
import { testFiles } from './test-files.ts';

/**
 * What takes longest begins first, so that no worker is left alone with it at the end. Vitest knows how long a file took
 * last time, but a fresh checkout has no last time.
 */
export function longestFirst(length: Length): TestSequencerConstructor {
  const secondsOf = secondsFrom(readRecord());
  return class LongestFirst extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      const seconds = (spec: TestSpecification) => secondsOf(this.#path(spec));
      return (await super.sort(files)).sort((a, b) => seconds(b) - seconds(a));
    }

    /**
     * Vitest asks with the files that run here, and they differ: a machine without Docker leaves some out. So the whole suite is
     * shared out, and of its share each machine runs what it can. Files that were named are shared out by themselves.
     */
    override async shard(files: TestSpecification[]): Promise<TestSpecification[]> {
      const { root, shard } = this.ctx.config;
      if (shard === undefined) return files;
      const suite = length === 'any' ? [] : testFiles(root, length);
      const shares = shareOut([...suite, ...files.map((spec) => this.#path(spec))], secondsOf, shard.count);
      const mine = new Set(shares[shard.index - 1]);
      return files.filter((spec) => mine.has(this.#path(spec)));
    }

    #path({ moduleId }: TestSpecification): string {
      return relative(this.ctx.config.root, moduleId);
    }
  };
}
