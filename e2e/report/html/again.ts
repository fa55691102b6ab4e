/** The command that makes the same run again: what was drawn by chance or chosen for the machine is spelled out. */
import type { RunFacts } from './run-facts.ts';

/** A longer one was made by no command line; cut, it would be another command. */
const LONGEST_CHARS = 4_000;

/** Null for a run that the command line cannot make. */
export function commandAgain(run: RunFacts): string | null {
  const { scenario, seed, engine, options, services, command } = run;
  if (scenario !== 'verify' || services.length === 0) return null;
  const { clients, ratePerSecond, durationMs, schedule } = options;
  const sideBySide = options.sideBySide ?? wasSideBySide(command);
  const words = [
    ...['npx', 'walproof', 'verify', ...services.map(({ name }) => name)],
    ...['--engine', engine, '--seed', `${seed}`],
    ...(durationMs === null ? [] : ['--duration', `${durationMs}ms`]),
    ...(clients === null ? [] : ['--clients', `${clients}`]),
    ...(ratePerSecond === null ? [] : ['--rate', `${ratePerSecond}`]),
    ...(schedule === null ? [] : ['--faults', schedule.length === 0 ? 'none' : schedule.map(faultOf).join(',')]),
    ...services.flatMap(({ name, subject }) => (subject?.file ? ['--db-module', `${name}=${subject.file}`] : [])),
    ...((options.control ?? null) === null ? ['--no-control'] : []),
    ...(sideBySide ? ['--side-by-side'] : []),
    ...(options.failFast ? ['--fail-fast'] : []),
  ];
  const text = words.map(shellWord).join(' ');
  return text.length > LONGEST_CHARS ? null : text;
}

/** Runs of older versions say so by their command alone. */
function wasSideBySide(command: readonly string[]): boolean {
  if (command[0] === 'soak') return !command.includes('--no-side-by-side');
  return command.includes('--side-by-side');
}

/** As `--faults` takes it. */
function faultOf({ fault, times, everyMs }: { fault: string; times: number | null; everyMs: number | null }): string {
  return `${fault}${times === null ? '' : `*${times}`}${everyMs === null ? '' : `@${everyMs}ms`}`;
}

/** A word as a POSIX shell reads it back. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./*-]+$/.test(word) && !word.includes('*') ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
