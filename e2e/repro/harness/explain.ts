import type { Repro } from '../../model/repro.ts';

const SEED_PATCH = { helps: 'helps', causes: 'causes it', 'no-effect': 'changes nothing' } as const;

/** The page of a bug. */
export function explain(repro: Repro): string {
  const { name, title, operatorSees, elapsed, mechanism, seedPatch, seedPatchBecause, fix, playedBy, cast } = repro;
  const sections: [string, string][] = [
    ['operator sees', operatorSees],
    ['refusal comes', elapsed],
    ['also reported as', (repro.alsoReportedAs ?? []).join(' · ')],
    ['mechanism', mechanism],
    ['seed patch', `${SEED_PATCH[seedPatch]}: ${seedPatchBecause}`],
    ['fix', fix],
    ['played by', `${playedBy}: ${cast}`],
    ['why no service', repro.whyProcesses ?? ''],
    ['worth knowing', repro.truth ?? ''],
    ['found as', repro.expect],
    ['engines', repro.engines.join(', ')],
    ['takes', `${repro.seconds} s`],
    ['sources', repro.sources.join('\n')],
  ];
  const shown = sections.filter(([, text]) => text !== '');
  const lines = shown.map(([heading, text]) => `${heading}\n${wrap(text)}`);
  return `${name}: ${title}\n\n${lines.join('\n\n')}\n`;
}

const WIDTH = 100;

function wrap(text: string): string {
  return text.split('\n').map(wrapLine).join('\n');
}

function wrapLine(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(`  ${word}`);
  }
  return lines.join('\n');
}
