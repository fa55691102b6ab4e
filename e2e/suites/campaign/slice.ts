import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IContainer } from 'kubernetes-models/v1';

/** Writes down its arguments, prints a document over several lines as `--json` does, and ends as it is told. */
const STAND_IN = `#!/bin/sh
for each in "$@"; do printf '%s\\n' "$each"; done > "$SEEN"
echo 'soak run 1 of 2' >&2
printf '{\\n  "verdict": "pass",\\n  "text": "a\\\\nb"\\n}\\n'
exit "$ENDS_WITH"
`;

export interface Slice {
  exitCode: number | null;
  /** What the container's log holds of its standard output. */
  log: string;
  /** What walproof was called with, from its program on. */
  called: string[];
}

/** Runs a container's command for real, with a stand-in for `node` and a folder for its volumes. */
export function runSlice(container: IContainer, index: number | null, endsWith = 0): Slice {
  const folder = mkdtempSync(join(tmpdir(), 'walproof-slice-'));
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'node'), STAND_IN);
  chmodSync(join(bin, 'node'), 0o755);
  const seen = join(folder, 'seen');
  writeFileSync(seen, '');
  const own = Object.fromEntries((container.env ?? []).map(({ name, value = '' }) => [name, value]));
  const [program = '', ...rest] = [...(container.command ?? []), ...(container.args ?? [])];
  const { status, stdout } = spawnSync(program, rest, {
    encoding: 'utf8',
    env: {
      ...own,
      ...(index === null ? {} : { JOB_COMPLETION_INDEX: String(index) }),
      RESULTS: folder,
      PATH: `${bin}:/usr/bin:/bin`,
      SEEN: seen,
      ENDS_WITH: String(endsWith),
    },
  });
  return { exitCode: status, log: stdout, called: readFileSync(seen, 'utf8').split('\n').filter(Boolean) };
}
