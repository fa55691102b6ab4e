/** What one test file cost the worker that ran it. */
export interface FileSeconds {
  /** From the project's root. */
  file: string;
  seconds: number;
  /** Of the seconds of all files together, 0 to 1. */
  share: number;
}

const SHOWN = 10;

export function slowestFirst(files: ReadonlyArray<{ file: string; seconds: number }>): FileSeconds[] {
  const all = files.reduce((sum, { seconds }) => sum + seconds, 0);
  return files
    .map(({ file, seconds }) => ({ file, seconds, share: all === 0 ? 0 : Math.round((seconds / all) * 1_000) / 1_000 }))
    .sort((a, b) => b.seconds - a.seconds || (a.file < b.file ? -1 : 1));
}

/** The slowest of them, one a line below a line for all; nothing where nothing ran. */
export function slowestText(files: readonly FileSeconds[]): string[] {
  if (files.length === 0) return [];
  const all = files.reduce((sum, { seconds }) => sum + seconds, 0);
  const shown = files.slice(0, SHOWN);
  const share = Math.round((shown.reduce((sum, { seconds }) => sum + seconds, 0) / (all || 1)) * 100);
  return [
    `${all.toFixed(1)} s of workers' time in ${files.length} files, ${share} % of it in the slowest ${shown.length}:`,
    ...shown.map(
      ({ file, seconds, share }) =>
        `${seconds.toFixed(1).padStart(8)} s  ${(share * 100).toFixed(1).padStart(5)} %  ${file}`,
    ),
  ];
}
