import { readFile, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { JsonReporter, type TestModule } from 'vitest/node';
import { type FileSeconds, slowestFirst } from './slowest.ts';

/**
 * Vitest's JSON document with one field more: `files`, what each file cost its worker. The document's own times run from a
 * file's first test to its last, and so leave out its imports and hooks; starting a stack is a hook.
 */
export class TimedResults extends JsonReporter {
  readonly #outputFile: string;

  constructor(outputFile: string) {
    super({ outputFile });
    this.#outputFile = outputFile;
  }

  override async onTestRunEnd(modules: readonly TestModule[]): Promise<void> {
    await super.onTestRunEnd(modules);
    const document = JSON.parse(await readFile(this.#outputFile, 'utf8')) as object;
    const files: FileSeconds[] = slowestFirst(modules.map(secondsOf));
    await writeFile(this.#outputFile, JSON.stringify({ ...document, files }));
  }
}

function secondsOf(module: TestModule): { file: string; seconds: number } {
  const { environmentSetupDuration, prepareDuration, setupDuration, collectDuration, duration } = module.diagnostic();
  const ms = environmentSetupDuration + prepareDuration + setupDuration + collectDuration + duration;
  return { file: relative(module.project.config.root, module.moduleId), seconds: Math.round(ms / 10) / 100 };
}
