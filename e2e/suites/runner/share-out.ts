/**
 * Which files each of `count` machines runs, in the order they were given out: what takes longest goes first, each to the
 * machine that has least so far. It depends on nothing but its arguments, so every machine comes to the same answer, and
 * each file is on exactly one of them.
 */
export function shareOut(files: Iterable<string>, secondsOf: (file: string) => number, count: number): string[][] {
  const machines = Array.from({ length: count }, () => ({ files: [] as string[], seconds: 0 }));
  const timed = [...new Set(files)].map((file) => ({ file, seconds: secondsOf(file) }));
  // Equal times in the order of their names: that of a folder's listing differs between machines.
  timed.sort((a, b) => b.seconds - a.seconds || (a.file < b.file ? -1 : 1));
  for (const { file, seconds } of timed) {
    const free = machines.reduce((least, each) => (each.seconds < least.seconds ? each : least));
    free.files.push(file);
    free.seconds += seconds;
  }
  return machines.map((each) => each.files);
}
