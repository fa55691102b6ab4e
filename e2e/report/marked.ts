/** A document with what stands between two marks replaced, marks included. Throws RangeError when they are not there. */
export function replaceMarked(document: string, begin: string, end: string, block: string): string {
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from === -1 || to < from) throw new RangeError(`expected ${begin} and ${end} in the document`);
  return `${document.slice(0, from)}${block}${document.slice(to + end.length)}`;
}
