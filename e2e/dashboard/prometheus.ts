/** Reads Prometheus text (https://prometheus.io/docs/instrumenting/exposition_formats/). Lines that are none are left out. */

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/;
const LABEL = /([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?\s*/y;
const ESCAPES: Record<string, string> = { n: '\n' };

/** Only the samples whose name is wanted: a process has some two hundred lines, of which few are looked at. */
export function parsePrometheus(text: string, isWanted: (name: string) => boolean): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const end = line.search(/[{\s]/);
    if (!isWanted(end < 0 ? line : line.slice(0, end))) continue;
    const match = LINE.exec(line.trim());
    if (match === null) continue;
    const [, name = '', inner = '', number = ''] = match;
    const labels = labelsOf(inner);
    const value = numberOf(number);
    if (labels !== null && value !== null) samples.push({ name, labels, value });
  }
  return samples;
}

/** Null when it is not a list of labels to its end. */
function labelsOf(text: string): Record<string, string> | null {
  const labels: Record<string, string> = Object.create(null);
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text);
    if (match === null) return null;
    labels[match[1] ?? ''] = (match[2] ?? '').replace(/\\(.)/g, (_, sign: string) => ESCAPES[sign] ?? sign);
  }
  return labels;
}

function numberOf(text: string): number | null {
  if (/^[+-]?Inf$/.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (text === 'NaN') return Number.NaN;
  const value = Number(text);
  return Number.isNaN(value) ? null : value;
}
