import { until } from '../../engine/shared/until.ts';
import type { Fault } from '../../model/scenario.ts';
import { HttpClient } from '../../traffic/http.ts';
import { baseUrlOf } from '../../traffic/targets.ts';

const PROGRAM = new URL('../edit-learnings.ts', import.meta.url);
const FILES = 5;
const INDEXED_DEADLINE_MS = 10_000;

/** Markdown files that were indexed change, so their documents are indexed again. */
export const editFiles: Fault = {
  name: 'edit-files',
  title: 'learnings are edited, and indexed again',
  targets: () => ['service'],
  async run({ stack }) {
    await using http = new HttpClient(1);
    const editedAtMs = Date.now();
    const { stdout } = await stack.runBeside(PROGRAM, ['{data}', String(FILES)]);
    const { edited } = JSON.parse(stdout) as { edited: string[] };
    const [last = ''] = edited.slice(-1);
    const id = `learning_${last.replace(/\.md$/, '')}`;
    const isIndexedAgain = async () => {
      const { body } = await http.send({ method: 'GET', url: `${baseUrlOf(stack)}/api/doc/${encodeURIComponent(id)}` });
      return ((body as { indexed_at?: number } | null)?.indexed_at ?? 0) >= editedAtMs;
    };
    const indexed = await until(isIndexedAgain, { deadlineMs: INDEXED_DEADLINE_MS, everyMs: 100 });
    return {
      tookEffect: indexed && edited.length > 0,
      proof: `${edited.length} files edited, indexed again: ${indexed}`,
    };
  },
};
