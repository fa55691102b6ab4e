/** Figures out of the text that a service's /metrics answers. Pure. */

/** The sum of a metric over its labels, or over those that have this one; 0 when there is none. */
export function metricIn(text: string, name: string, label = ''): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const [, named, labels = '', value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (named === name && labels.includes(label)) sum += Number(value);
  }
  return sum;
}
