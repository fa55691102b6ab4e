/** Which known bugs an incident is nearest to, by its logs and by what its files hold. Pure. */
import type { Repro } from '../model/repro.ts';
import { candidatesFor } from '../repro/harness/symptom.ts';
import type { Symptom } from './logs.ts';
import type { Trace } from './traces.ts';

export interface Nearest {
  repro: Repro;
  score: number;
  because: string[];
}

/** Lines are shown as reasons; the rest of them says no more. */
const QUOTED_CHARS = 160;

/** The best line speaks for a bug, not the number of lines: one that is logged a thousand times is no surer. */
export function nearestRepros(
  symptoms: readonly Symptom[],
  traces: readonly Trace[],
  repros: readonly Repro[],
): Nearest[] {
  const best = new Map<string, { score: number; because: string[] }>();
  for (const { text, count, file, line } of symptoms) {
    for (const { repro, score, because } of candidatesFor(text, repros)) {
      if (score <= (best.get(repro.name)?.score ?? 0)) continue;
      const quoted = text.length > QUOTED_CHARS ? `${text.slice(0, QUOTED_CHARS)}…` : text;
      best.set(repro.name, { score, because: [`${count}× "${quoted}" (${file}:${line}): ${because.join(' · ')}`] });
    }
  }
  return repros
    .map((repro) => {
      const { score = 0, because = [] } = best.get(repro.name) ?? {};
      const own = traces.filter((trace) => trace.repro === repro.name);
      const points = own.reduce((sum, trace) => sum + trace.points, score);
      return { repro, score: points, because: [...own.map((trace) => trace.because), ...because] };
    })
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score);
}
